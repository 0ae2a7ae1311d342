/* Probes of a captured program. Needs no header and no library; everything begins with parity_ . C89 with GNU words.
 *
 * The state is 0 where nothing is captured, 1 outside the selected loop, 2 inside it, -1 in a thread that has not met
 * the selected loop itself (it has the state of the thread that did). */
#ifndef PARITY_PROBE_H
#define PARITY_PROBE_H
#ifdef __cplusplus
extern "C" {
#endif

__extension__ typedef long long parity_int;
extern __thread int parity_state __attribute__((tls_model("initial-exec")));

int parity_shared(void);
int parity_call(int function);
void parity_loop(int loop, parity_int counter);
void parity_left(int loop);
void parity_begin(int site);
void parity_element(parity_int index);
void parity_f(double value);
void parity_i(parity_int value);
void parity_fs(const double *values, int count);
void parity_ss(const float *values, int count);
void parity_is(const void *values, int count, int size, int is_signed);
void parity_end(void);
int parity_select(int holds, int count, ...);
void parity_leave(int *depth);
void parity_unselect(int *before);

/* A function, so that a region with default(none) may ask. */
static __inline__ __attribute__((unused)) int parity_on(void)
{
    return __builtin_expect(parity_state != 0, 0) && (parity_state > 0 || parity_shared());
}

#ifdef __cplusplus
}
#endif
#endif
