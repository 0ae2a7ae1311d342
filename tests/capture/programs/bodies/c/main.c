#include <stdio.h>
#include <stdlib.h>
#include "bodies.h"
#define MAXB 16
int main(int argc, char **argv) {
  int n = atoi(argv[1]), steps = atoi(argv[2]);
  double dt = atof(argv[3]), eps = 0.05;
  Body b[MAXB]; double a[MAXB][3];
  unsigned s = 12345;
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < 3; k++) { s = s*1103515245u + 12345u; b[i].x[k] = (s>>8 & 0xffff)/65536.0 - 0.5; }
    for (int k = 0; k < 3; k++) { s = s*1103515245u + 12345u; b[i].v[k] = (s>>8 & 0xffff)/65536.0 - 0.5; }
    b[i].m = 1.0/n;
  }
  accel(b, n, eps, a);
  for (int t = 0; t < steps; t++) {
    for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++) { b[i].v[k] += 0.5*dt*a[i][k]; b[i].x[k] += dt*b[i].v[k]; }
    accel(b, n, eps, a);
    for (int i = 0; i < n; i++) for (int k = 0; k < 3; k++) b[i].v[k] += 0.5*dt*a[i][k];
    printf("%d %.10f\n", t, energy(b, n, eps));
  }
  return 0;
}
