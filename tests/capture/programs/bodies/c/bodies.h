typedef struct { double x[3], v[3], m; } Body;
double energy(const Body *b, int n, double eps);
void accel(const Body *b, int n, double eps, double (*a)[3]);
