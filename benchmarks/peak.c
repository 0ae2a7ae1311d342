/* What the cores can do: rates of the operations that a pixel sum is made of, all threads together.
 *
 * Prints `name operations_per_second` lines. Each kernel runs over independent accumulators held in registers, so that
 * throughput is seen and not latency; the result is printed to stderr so that nothing is optimised away. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

enum { LANES = 128, TABLE = 1 << 17 }; /* accumulators per thread; 1 MiB of doubles */

/* Defines a function that applies `statement` to every accumulator, `count` times, on every thread. */
#define KERNEL(name, type, first, statement)                                                                          \
    static double name(long count)                                                                                    \
    {                                                                                                                 \
        double total = 0.0;                                                                                           \
        _Pragma("omp parallel reduction(+ : total)")                                                                  \
        {                                                                                                             \
            type x[LANES];                                                                                            \
            for (int i = 0; i < LANES; ++i)                                                                           \
                x[i] = (type)(first) + (type)i * (type)1e-3;                                                          \
            for (long n = 0; n < count; ++n) {                                                                        \
                _Pragma("omp simd")                                                                                   \
                for (int i = 0; i < LANES; ++i)                                                                       \
                    statement;                                                                                        \
            }                                                                                                         \
            for (int i = 0; i < LANES; ++i)                                                                           \
                total += (double)x[i];                                                                                \
        }                                                                                                             \
        return total;                                                                                                 \
    }

KERNEL(fused64, double, 1.0, x[i] = x[i] * 0.999999 + 1e-6)
KERNEL(fused32, float, 1.0, x[i] = x[i] * 0.999999f + 1e-6f)
KERNEL(add64, double, 1.0, x[i] = x[i] + 1e-9)
KERNEL(add32, float, 1.0, x[i] = x[i] + 1e-3f)
KERNEL(divide64, double, 1.5, x[i] = 1.5 / x[i] + 0.25)
KERNEL(divide32, float, 1.5, x[i] = 1.5f / x[i] + 0.25f)
KERNEL(round64, double, 1.5, x[i] = __builtin_rint(x[i]) + 0.25)
KERNEL(round32, float, 1.5, x[i] = __builtin_rintf(x[i]) + 0.25f)
KERNEL(root64, double, 1.5, x[i] = __builtin_sqrt(x[i]))
KERNEL(root32, float, 1.5, x[i] = __builtin_sqrtf(x[i]))

static int *table;

/* Look-ups at places that the one before gives, as far apart as the table is large. */
static double lookup(long count)
{
    double total = 0.0;
#pragma omp parallel reduction(+ : total)
    {
        int x[LANES];
        for (int i = 0; i < LANES; ++i)
            x[i] = i * 997 % TABLE;
        for (long n = 0; n < count; ++n) {
#pragma omp simd
            for (int i = 0; i < LANES; ++i)
                x[i] = table[x[i]];
        }
        for (int i = 0; i < LANES; ++i)
            total += x[i];
    }
    return total;
}

/* Operations per second: the best of several timings, each long enough for the clock. */
static void report(const char *name, double (*kernel)(long))
{
    long count = 1000;
    double best = 0.0, kept = 0.0;
    for (int repeat = 0; repeat < 7;) {
        double began = omp_get_wtime();
        kept += kernel(count);
        double seconds = omp_get_wtime() - began;
        if (seconds < 0.05) {
            count *= 4;
            continue;
        }
        double rate = (double)count * LANES * omp_get_max_threads() / seconds;
        best = rate > best ? rate : best;
        ++repeat;
    }
    printf("%s %.6g\n", name, best);
    fprintf(stderr, "%s left %g\n", name, kept);
}

int main(void)
{
    table = malloc(TABLE * sizeof *table);
    if (table == NULL)
        return 1;
    for (int i = 0; i < TABLE; ++i)
        table[i] = (int)((unsigned)i * 2654435761u % TABLE);
    report("fused64", fused64);
    report("fused32", fused32);
    report("add64", add64);
    report("add32", add32);
    report("divide64", divide64);
    report("divide32", divide32);
    report("round64", round64);
    report("round32", round32);
    report("root64", root64);
    report("root32", root32);
    report("lookup", lookup);
    free(table);
    return 0;
}
