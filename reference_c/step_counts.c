/* Choosing (count, range, step) from what was given, for phi, divergence, dispersion and sensor thickness. */
#include <limits.h>
#include <math.h>

#include "experiment.h"
#include "failure.h"

static int whole_steps(double range, double step, const char *name)
{
    double count = ceil(range / step);
    if (!(fabs(count) < INT_MAX))
        fail(BAD_INPUT, "%g steps of %s are too many; give a larger step or a smaller range", range / step, name);
    return (int)count;
}

/* Phi: a count of 0 means 1, and steps are only derived where the table below leaves them open. */
static Steps choose_phi(Steps given)
{
    Steps s = given;
    bool has_osc = s.range >= 0.0;
    if (s.count < 0) {
        if (!has_osc && s.step <= 0.0)
            return (Steps){.count = 1, .range = 0.0, .step = 0.0};
        if (!has_osc)
            return (Steps){.count = 2, .range = s.step, .step = s.step};
        if (s.step <= 0.0)
            return (Steps){.count = 2, .range = s.range, .step = s.range / 2.0};
        s.count = whole_steps(s.range, s.step, "phi");
        return s;
    }
    if (s.count == 0)
        s.count = 1;
    if (!has_osc && s.step <= 0.0) {
        s.range = 1.0 / RTD;
        s.step = s.range / s.count;
    } else if (!has_osc) {
        s.range = s.step;
        s.count = 2;
    } else if (s.step < 0.0) {
        s.step = s.range / s.count;
    }
    return s;
}

/* The others. `lone_range` is the range when only a count was given; without a count, one step is range / `parts`. */
static Steps choose_steps(const char *name, Steps given, double lone_range, double parts)
{
    Steps s = given;
    bool has_range = s.range >= 0.0, has_step = s.step > 0.0;
    if (s.count <= 0) {
        if (!has_range && !has_step)
            s = (Steps){.count = 1, .range = 0.0, .step = 0.0};
        else if (!has_range)
            s = (Steps){.count = 2, .range = s.step, .step = s.step};
        else if (!has_step)
            s = (Steps){.count = 2, .range = s.range, .step = s.range / parts};
        else
            s.count = whole_steps(s.range, s.step, name);
    } else if (!has_range && !has_step) {
        s.range = lone_range;
        s.step = s.range / s.count;
    } else if (!has_range) {
        s = (Steps){.count = 2, .range = s.step, .step = s.step};
    } else if (!has_step) {
        s.count = s.count < 2 ? 2 : s.count;
        s.step = s.range / (s.count - 1);
    }
    if (s.count <= 0 || s.range <= 0.0 || s.step <= 0.0)
        s = (Steps){.count = 1, .range = 0.0, .step = 0.0};
    return s;
}

void prepare_step_counts(const Options *o, Experiment *x)
{
    x->spindle.start = o->phi_start;
    x->spindle.steps = choose_phi(o->phi);
    if (x->spindle.steps.count <= 0)
        object("the phi scan has %d steps; -osc must be above 0 with -phistep", x->spindle.steps.count);
    x->beam.hdiv = choose_steps("-hdivrange", o->hdiv, 1.0, 1.0);
    x->beam.vdiv = choose_steps("-vdivrange", o->vdiv, 1.0, 1.0);
    x->beam.dispersion = choose_steps("-dispersion", o->dispersion, 1.0, 1.0);
    x->detector.thickness = choose_steps("-detector_thick", o->thickness, 0.5e-6, 2.0);
    x->detector.attenuation = o->attenuation;
    if (x->detector.thickness.range > 0.0 && o->attenuation < 0.0) {
        x->detector.attenuation = 1.0 / x->detector.thickness.range;
        warn("no attenuation length given; using the thickness, mu = %g 1/m", x->detector.attenuation);
    } else if (o->attenuation < 0.0) {
        x->detector.attenuation = 0.0;
    }
}
