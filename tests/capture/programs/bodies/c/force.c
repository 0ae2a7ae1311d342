#include <math.h>
#include "bodies.h"
static double softened(const double *d, double eps) {
  double r2 = eps*eps;
  for (int k = 0; k < 3; k++) r2 += d[k]*d[k];
  return 1.0/(r2*sqrt(r2));
}
void accel(const Body *b, int n, double eps, double (*a)[3]) {
  for (int i = 0; i < n; i++) {
    a[i][0] = a[i][1] = a[i][2] = 0;
    for (int j = 0; j < n; j++) if (i != j) {
      double d[3];
      for (int k = 0; k < 3; k++) d[k] = b[j].x[k] - b[i].x[k];
      double w = b[j].m * softened(d, eps);
      for (int k = 0; k < 3; k++) a[i][k] += w*d[k];
    }
  }
}
double energy(const Body *b, int n, double eps) {
  double kin = 0, pot = 0;
  for (int i = 0; i < n; i++) {
    double v2 = 0;
    for (int k = 0; k < 3; k++) v2 += b[i].v[k]*b[i].v[k];
    kin += 0.5*b[i].m*v2;
    for (int j = 0; j < i; j++) {
      double r2 = eps*eps;
      for (int k = 0; k < 3; k++) { double d = b[j].x[k]-b[i].x[k]; r2 += d*d; }
      pot -= b[i].m*b[j].m/sqrt(r2);
    }
  }
  return kin + pot;
}
