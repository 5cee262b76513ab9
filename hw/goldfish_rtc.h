/*
 * The Goldfish real-time clock of QEMU's virt machines: register map. Source: Android emulator documentation,
 * "Goldfish virtual hardware", section on the timer; times are nanoseconds since 1970. Registers are 32 bits wide.
 */
#pragma once

#define GOLDFISH_RTC_TIME_LOW        0x00 /* R  low half; latches the high half */
#define GOLDFISH_RTC_TIME_HIGH       0x04 /* R  latched high half; W sets the clock together with TIME_LOW */
#define GOLDFISH_RTC_ALARM_LOW       0x08 /* RW writing it arms the alarm */
#define GOLDFISH_RTC_ALARM_HIGH      0x0c
#define GOLDFISH_RTC_IRQ_ENABLED     0x10
#define GOLDFISH_RTC_CLEAR_ALARM     0x14 /* W  disarms */
#define GOLDFISH_RTC_ALARM_STATUS    0x18 /* R  1 = armed */
#define GOLDFISH_RTC_CLEAR_INTERRUPT 0x1c /* W  */
#define GOLDFISH_RTC_SIZE            0x1000
