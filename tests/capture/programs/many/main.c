#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "many.h"

static double grid[4][3];  /* all zero where nothing is stored */

static int fill(double *values, int count)
{
    double *p = values;
    int i = 0;
    while (i < count)
        *p++ = 0.5 * i++;
    return i;
}

static float narrow(double wide)
{
    if (wide > 1e30)
        return 0;
    return wide * 0.1;
}

int main(int argc, char **argv)
{
    double values[6], swap[2] = {1.5, 2.5}, turned[3], whole, part;
    Body body = {{1.0, 2.0, 3.0}, 0.25, {4.0, 8.0}, 7, "body"};
    int row, column, n = argc > 1 ? atoi(argv[1]) : 4;
    unsigned long big = 0xFFFFFFFFFFFFFFFFUL;
    fill(values, 6);
    for (row = 0; row < n; row++)
        for (column = 0; column < 3; column++)
            if ((row + column) % 2)
                grid[row][column] = step_of(row, column, &body);
            else
                grid[row][column] = -SQR(values[column]);
    EXCHANGE(swap[0], swap[1]);
    SET(whole, 3.0);
    part = (whole - 2.0) + half(swap[0]);
    rotate(values, turned, 0.5);
    body.position.y += narrow(part), body.mass[1] *= 3;
    switch (n) {
    case 4:
        total += grid[1][2];
        break;
    default:
        total = 0;
    }
    do
        n -= 1;
    while (n > 1);
    if (argc > 5)
        goto end;
    whole = argc > 3 ? (part = 1.0) : 2.0;
    printf("%.17g %.17g %.17g %d %lu at line %d of %s\n", total, part, body.position.y, n, big, __LINE__, __FILE__);
end:
    for (row = 0; row < 4; row++)
        printf("%.17g %.17g %.17g\n", grid[row][0], grid[row][1], grid[row][2]);
    FILE *file = fopen("grid.bin", "wb");
    fwrite(grid, sizeof grid, 1, file);
    fclose(file);
    return 0;
}
