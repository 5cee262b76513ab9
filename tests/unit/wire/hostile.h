/* Messages that no stub would make: what a hostile client or server sends must be refused and do no harm. */
#pragma once

void hostile_requests_are_refused(void **state);
void hostile_replies_are_refused(void **state);
void random_requests_do_no_harm(void **state);
