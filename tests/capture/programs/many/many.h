#ifndef MANY_H
#define MANY_H
typedef struct {
    double x, y, z;
} Vec;
typedef struct {
    Vec position;
    double weight, mass[2];
    int count;
    const char *label;
} Body;
#define SQR(a) ((a) * (a))
#define SET(target, value) target = value
#define EXCHANGE(a, b)      \
    do {                    \
        double kept_ = (a); \
        (a) = (b);          \
        (b) = kept_;        \
    } while (0)
static inline double half(double value)
{
    return value / 2.0;
}
double step_of(int row, int column, Body *body);
void rotate(const double in[3], double out[3], double angle);
extern double total;
#endif
