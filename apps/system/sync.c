/* sync: has the file systems write what they hold in memory. */
#include <unistd.h>

int main(void)
{
    sync();
    return 0;
}
