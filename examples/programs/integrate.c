/* The integral of a tabulated function from 0 to x, by the trapezoidal rule.
 *
 * Usage: integrate TABLE X. Prints the integral; a table of two columns, the first ascending.
 */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    double end, x, y, before_x = 0, before_y = 0, sum = 0;
    int first = 1;
    if (argc != 3) {
        fprintf(stderr, "usage: integrate TABLE X\n");
        return 2;
    }
    FILE *table = fopen(argv[1], "r");
    if (!table) {
        perror(argv[1]);
        return 1;
    }
    end = atof(argv[2]);
    while (fscanf(table, "%lf %lf", &x, &y) == 2 && x <= end) {
        if (!first)
            sum += (x - before_x) * (y + before_y) / 2;
        before_x = x;
        before_y = y;
        first = 0;
    }
    if (first || x < end) {
        fprintf(stderr, "the table ends at %g\n", x);
        return 3;
    }
    printf("%.12g\n", sum);
    return 0;
}
