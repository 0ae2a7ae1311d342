/* The scan over phi: every cell that the pixel sum can meet, rotated once.
 *
 * The reference rotates inside the pixel loop, and only when phi is not 0: a zero step keeps whatever the last
 * executed rotation left (phi-carryover). Which rotation that is depends on the sweep alone: the step before it in
 * the same sweep, else the last rotating step of the sweep before it, else none. So two tables of entries do:
 * one for the first sweep that a thread executes, one for all later sweeps. */
#include "experiment.h"
#include "failure.h"

/* The rotation that each zero step finds when `entering` is what was left behind before the sweep. */
static void follow_sweep(const Spindle *s, bool carries, int entering, int *entries)
{
    int unrotated = s->steps.count, current = entering;
    for (int i = 0; i < s->steps.count; ++i) {
        if (s->phi[i] != 0.0)
            current = i;
        entries[i] = s->phi[i] == 0.0 && !carries ? unrotated : current;
    }
}

static void choose_entries(Spindle *s, bool carries)
{
    int unrotated = s->steps.count;
    s->last_rotated = unrotated;
    for (int i = 0; i < s->steps.count; ++i)
        if (s->phi[i] != 0.0)
            s->last_rotated = i;
    s->rotates = s->last_rotated != unrotated;
    follow_sweep(s, carries, unrotated, s->first_sweep);
    follow_sweep(s, carries, s->last_rotated, s->later_sweep);
}

static CellVectors rotated_cell(const CellVectors *cell, Vec3 axis, double phi)
{
    return (CellVectors){
        rotate_axis(cell->a, axis, phi),
        rotate_axis(cell->b, axis, phi),
        rotate_axis(cell->c, axis, phi),
    };
}

static CellVectors domain_cell(const CellVectors *cell, const Mat3 *umat)
{
    return (CellVectors){rotate_umat(cell->a, umat), rotate_umat(cell->b, umat), rotate_umat(cell->c, umat)};
}

static void rotate_cells(const Crystal *crystal, Vec3 axis, Spindle *s)
{
    for (int i = 0; i <= s->steps.count; ++i) {
        bool rotates = i < s->steps.count && s->phi[i] != 0.0;
        s->unmosaic[i] = rotates ? rotated_cell(&crystal->direct, axis, s->phi[i]) : crystal->direct;
        for (int m = 0; m < crystal->domains; ++m) {
            CellVectors *cell = &s->cells[(size_t)i * (size_t)crystal->domains + (size_t)m];
            *cell = crystal->mosaic_spread > 0.0 ? domain_cell(&s->unmosaic[i], &crystal->umats[m])
                                                 : s->unmosaic[i];
        }
    }
}

void prepare_spindle(const Options *o, Experiment *x)
{
    (void)o;
    Spindle *s = &x->spindle;
    size_t steps = (size_t)s->steps.count, domains = (size_t)x->crystal.domains;
    const double most = 1e8;
    if ((double)steps * (double)domains > most)
        fail(BAD_INPUT, "%zu phi steps x %zu mosaic domains are more than %g cells", steps, domains, most);
    s->phi = allocate(steps, sizeof *s->phi, "the phi steps");
    s->first_sweep = allocate(steps, sizeof *s->first_sweep, "the phi steps");
    s->later_sweep = allocate(steps, sizeof *s->later_sweep, "the phi steps");
    s->unmosaic = allocate(steps + 1, sizeof *s->unmosaic, "the rotated cells");
    s->cells = allocate((steps + 1) * domains, sizeof *s->cells, "the rotated cells");
    for (size_t i = 0; i < steps; ++i)
        s->phi[i] = s->start + s->steps.step * (double)i;
    choose_entries(s, is_on(x->defects, PHI_CARRYOVER));
    rotate_cells(&x->crystal, x->detector.spindle_axis, s);
}
