/* The unit cell, its orientation, the crystal's size and its mosaic domains. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "experiment.h"
#include "failure.h"
#include "random_numbers.h"
#include "text_file.h"

/* Reciprocal vectors that enclose no more than this part of the box of their lengths lie in a plane. */
#define FLAT 1e-12

/* A unit cell: lengths in Angstrom, angles in radians. */
typedef struct {
    double a, b, c, alpha, beta, gamma, volume;
} UnitCell;

/* ---- from six numbers ---- */

static double clip_cosine(double value)
{
    return value > 1.0 ? 1.0 : value < -1.0 ? -1.0 : value;
}

static double or_else(double given, double fallback)
{
    return given <= 0.0 ? fallback : given;
}

/* V = 2abc sqrt|sin s sin(s-al) sin(s-be) sin(s-ga)|, s half the sum of the angles. Missing lengths are a, missing
 * angles 90 degrees. */
static UnitCell measured_cell(const double cell[6])
{
    const double right_angle = 90.0 / RTD;
    UnitCell u = {
        cell[0], or_else(cell[1], cell[0]), or_else(cell[2], cell[0]), or_else(cell[3], right_angle),
        or_else(cell[4], right_angle), or_else(cell[5], right_angle), 0.0,
    };
    double s = (u.alpha + u.beta + u.gamma) / 2.0;
    double parts[4] = {sin(s), sin(s - u.alpha), sin(s - u.beta), sin(s - u.gamma)};
    double skew = parts[0] * parts[1] * parts[2] * parts[3];
    bool possible = u.a > 0.0 && u.b > 0.0 && u.c > 0.0 && s < PI;
    for (int i = 0; i < 4; ++i)
        possible = possible && parts[i] > 0.0;
    if (!possible)
        object("no unit cell has a b c = %g %g %g Angstrom, alpha beta gamma = %g %g %g degrees; lengths must be "
               "positive, each angle less than the sum of the others, all together less than 360",
               u.a, u.b, u.c, u.alpha * RTD, u.beta * RTD, u.gamma * RTD);
    u.volume = 2.0 * u.a * u.b * u.c * sqrt(fabs(skew));
    return u;
}

/* a* along x, b* in the x-y plane. */
static void orient_by_default(const UnitCell *u, bool skewed, Crystal *crystal)
{
    double V_star = 1.0 / u->volume;
    double a_star = u->b * u->c * sin(u->alpha) * V_star;
    double b_star = u->c * u->a * sin(u->beta) * V_star;
    double c_star = u->a * u->b * sin(u->gamma) * V_star;
    double cos_alpha_star = (cos(u->beta) * cos(u->gamma) - cos(u->alpha)) / (sin(u->beta) * sin(u->gamma));
    double cos_beta_star = (cos(u->gamma) * cos(u->alpha) - cos(u->beta)) / (sin(u->gamma) * sin(u->alpha));
    double cos_gamma_star = (cos(u->alpha) * cos(u->beta) - cos(u->gamma)) / (sin(u->alpha) * sin(u->beta));
    cos_alpha_star = clip_cosine(cos_alpha_star);
    cos_beta_star = clip_cosine(cos_beta_star);
    cos_gamma_star = clip_cosine(cos_gamma_star);
    double sin_gamma_star = clip_cosine(u->c * V_star / a_star / b_star);
    double height = skewed ? c_star * u->volume / (u->a * u->b * u->c * sin_gamma_star)
                           : V_star / (a_star * b_star * sin_gamma_star);
    crystal->a_star = (Vec3){a_star, 0.0, 0.0};
    crystal->b_star = (Vec3){b_star * cos_gamma_star, b_star * sin_gamma_star, 0.0};
    crystal->c_star = (Vec3){
        c_star * cos_beta_star,
        c_star * (cos_alpha_star - cos_beta_star * cos_gamma_star) / sin_gamma_star,
        height,
    };
}

/* ---- from a matrix file ---- */

#define NO_VOLUME "the reciprocal vectors lie in a plane: the cell encloses no volume; check the matrix"

static void take_columns(const double m[9], Crystal *crystal)
{
    crystal->a_star = (Vec3){m[0], m[3], m[6]};
    crystal->b_star = (Vec3){m[1], m[4], m[7]};
    crystal->c_star = (Vec3){m[2], m[5], m[8]};
}

static bool is_flat(const Crystal *crystal)
{
    double volume = dot(crystal->a_star, cross(crystal->b_star, crystal->c_star));
    double box = length(crystal->a_star) * length(crystal->b_star) * length(crystal->c_star);
    return !(fabs(volume) > FLAT * box);
}

/* Nine numbers, rows x, y, z; columns a*, b*, c*, each times 1e-10/lambda (a MOSFLM A matrix). */
static void read_matrix(const char *name, double wavelength, Crystal *crystal)
{
    TextFile file = open_text(name, "matrix", BAD_INPUT);
    double m[9];
    int count = 0;
    for (char *line; count < 9 && (line = next_line(&file)) != NULL;) {
        while (count < 9 && line[strspn(line, " \t\v\f\r")] != '\0') {
            if (!read_number(&line, " \t\v\f\r", &m[count]))
                fail(BAD_INPUT, "%s line %d: a matrix is nine finite numbers", name, file.line);
            ++count;
        }
    }
    if (count < 9)
        fail(BAD_INPUT, "%s: a matrix file holds nine numbers; this one has %d", name, count);
    close_text(&file);
    take_columns(m, crystal);
    if (is_flat(crystal))
        fail(BAD_INPUT, "%s: the three axes of the matrix lie in one plane, so they make no cell", name);
    for (int i = 0; i < 9; ++i)
        m[i] *= 1e-10 / wavelength;
    take_columns(m, crystal);
    if (is_flat(crystal))
        fail(BAD_INPUT, NO_VOLUME);
}

/* ---- misset ---- */

static void apply_misset(const Options *o, DefectSet defects, Crystal *crystal)
{
    Vec3 angles = {o->misset_angles[0], o->misset_angles[1], o->misset_angles[2]};
    if (o->misset == MISSET_RANDOM) {
        long seed = o->misset_seed;
        Mat3 matrix = is_on(defects, RANDOM_MISSET_RADIANS) ? random_rotation(90.0f, &seed) : uniform_rotation(&seed);
        angles = rotation_angles(&matrix);
    }
    crystal->a_star = rotate(crystal->a_star, angles);
    crystal->b_star = rotate(crystal->b_star, angles);
    crystal->c_star = rotate(crystal->c_star, angles);
    crystal->misset[0] = angles.x;
    crystal->misset[1] = angles.y;
    crystal->misset[2] = angles.z;
}

/* ---- direct and reciprocal ---- */

/* Direct vectors from reciprocal ones, then reciprocal again from direct. A measured cell keeps its lengths. */
static void complete_cell(const UnitCell *measured, Crystal *crystal)
{
    Vec3 a_star_b_star = cross(crystal->a_star, crystal->b_star);
    Vec3 b_star_c_star = cross(crystal->b_star, crystal->c_star);
    Vec3 c_star_a_star = cross(crystal->c_star, crystal->a_star);
    double V_star = dot(crystal->a_star, b_star_c_star);
    if (measured != NULL) {
        b_star_c_star = rescaled(b_star_c_star, measured->a / measured->volume);
        c_star_a_star = rescaled(c_star_a_star, measured->b / measured->volume);
        a_star_b_star = rescaled(a_star_b_star, measured->c / measured->volume);
        V_star = 1.0 / measured->volume;
    }
    crystal->volume = 1.0 / V_star;
    if (!isfinite(crystal->volume))
        fail(BAD_INPUT, NO_VOLUME);
    Vec3 a = scaled(b_star_c_star, crystal->volume);
    Vec3 b = scaled(c_star_a_star, crystal->volume);
    Vec3 c = scaled(a_star_b_star, crystal->volume);
    crystal->a_star = scaled(cross(b, c), V_star);
    crystal->b_star = scaled(cross(c, a), V_star);
    crystal->c_star = scaled(cross(a, b), V_star);
    crystal->direct = (CellVectors){scaled(a, 1e-10), scaled(b, 1e-10), scaled(c, 1e-10)};
}

/* ---- size and shape ---- */

static void choose_size(const Options *o, const Beam *beam, Crystal *crystal)
{
    const CellVectors *cell = &crystal->direct;
    double edges[3] = {length(cell->a), length(cell->b), length(cell->c)};
    for (int i = 0; i < 3; ++i) {
        double size = o->sample_size[i];
        if (i > 0 && beam->size >= 0.0 && size > beam->size)
            size = beam->size;
        double cells = size > 0.0 ? ceil(size / edges[i]) : o->N_cells[i];
        if (isnan(cells))
            cells = NAN; /* without the sign that a division leaves */
        if (!(cells < 1e9))
            fail(BAD_INPUT, "the crystal is %g cells along axis %c; at most 1e+09", cells, "abc"[i]);
        crystal->N[i] = cells <= 1.0 ? 1.0 : cells;
        crystal->size[i] = edges[i] * crystal->N[i];
    }
    crystal->shape = (Shape)o->shape;
    crystal->fudge = o->fudge;
}

/* ---- mosaic domains ---- */

static void draw_domains(const Options *o, Crystal *crystal)
{
    crystal->mosaic_spread = o->mosaic_spread > 0.0 ? o->mosaic_spread : 0.0;
    crystal->domains = o->mosaic_domains > 0 ? o->mosaic_domains : 10;
    if (crystal->mosaic_spread == 0.0)
        crystal->domains = 1;
    crystal->umats = allocate((size_t)crystal->domains, sizeof *crystal->umats, "the mosaic domains");
    long seed = o->mosaic_seed;
    if (crystal->mosaic_spread > 0.0)
        for (int i = 0; i < crystal->domains; ++i)
            crystal->umats[i] = random_rotation((float)crystal->mosaic_spread, &seed);
    crystal->umats[0] = (Mat3){{1, 0, 0, 0, 1, 0, 0, 0, 1}};
}

void prepare_crystal(const Options *o, Experiment *x)
{
    Crystal *crystal = &x->crystal;
    if (!o->cell_given && o->matrix_file == NULL)
        fail(NOTHING_TO_DIFFRACT, "no unit cell: give -cell a b c alpha beta gamma or -mat FILE");
    UnitCell measured = {0};
    if (o->cell_given) {
        measured = measured_cell(o->cell);
        orient_by_default(&measured, is_on(x->defects, SKEWED_DEFAULT_CELL), crystal);
    }
    if (o->matrix_file != NULL)
        read_matrix(o->matrix_file, x->beam.wavelength, crystal);
    if (o->misset != NO_MISSET)
        apply_misset(o, x->defects, crystal);
    complete_cell(o->cell_given ? &measured : NULL, crystal);
    choose_size(o, &x->beam, crystal);
    draw_domains(o, crystal);
}
