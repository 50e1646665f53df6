// What an eager training framework asks for in a step: 290 launches, fills, four queries of events, and one value that is read back.
// `step`: answers "step" on stdin with the seconds of one; `step N`: makes N steps.
#include "../../../../samples/driver/driver.h"

#include "measure.h"

enum { STEP_LAUNCHES = 290, EVENTS = 4, NOT_READY = 600, WARM_STEPS = 5, TIMED_STEPS = 5 };

static const char scale_ptx[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
                                ".visible .entry scale(.param .u64 p, .param .f32 by)\n{\n"
                                ".reg .b32 %r; .reg .b64 %d<3>; .reg .f32 %f<3>;\n"
                                "ld.param.u64 %d0, [p]; ld.param.f32 %f0, [by]; mov.u32 %r, %tid.x;\n"
                                "mul.wide.u32 %d1, %r, 4; add.s64 %d2, %d0, %d1;\n"
                                "ld.global.f32 %f1, [%d2]; fma.rn.f32 %f2, %f1, %f0, %f0; st.global.f32 [%d2], %f2; ret;\n}\n";

static CUfunction scale;
static CUdeviceptr tensors, loss;
static CUevent events[EVENTS];

static void prepare(void)
{
    CUcontext context;
    CUmodule module;
    driver_start();
    CHECK(cu.context_create(&context, 0, 0));
    CHECK(cu.module_load(&module, scale_ptx));
    CHECK(cu.module_function(&scale, module, "scale"));
    CHECK(cu.memory_alloc(&tensors, 1 << 20));
    CHECK(cu.memory_alloc(&loss, 4));
    for (int i = 0; i < EVENTS; i++) CHECK(cu.event_create(&events[i], 2));
}

static void step(void)
{
    float value = 0, by = 0.5f;
    void *parameters[] = {&tensors, &by};
    void *last[] = {&loss, &by};
    CHECK(cu.memory_set_async(loss, 0, 1, NULL));
    for (int i = 0; i < STEP_LAUNCHES; i++) {
        if (i % 24 == 0) CHECK(cu.memory_set_async(tensors, 0, 32, NULL));
        CHECK(cu.launch(scale, 1, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL));
        if (i % 72 == 71) {
            CUevent event = events[i / 72];
            CHECK(cu.event_record(event, NULL));
            int status = cu.event_query(event);
            if (status != NOT_READY) CHECK(status);
        }
    }
    CHECK(cu.launch(scale, 1, 1, 1, 1, 1, 1, 0, NULL, last, NULL));
    CHECK(cu.copy_to_host_async(&value, loss, 4, NULL));
    CHECK(cu.stream_synchronize(NULL));
    if (value != 0.5f) fail("the loss is %g", (double)value);
}

static double timed(void)
{
    double taken[TIMED_STEPS];
    for (int i = 0; i < TIMED_STEPS; i++) {
        double begin = seconds();
        step();
        taken[i] = seconds() - begin;
    }
    return percentile(taken, TIMED_STEPS, 0.5);
}

int main(int argc, char **argv)
{
    static const struct measurement measurements[] = {{"step", timed}, {NULL, NULL}};
    int steps = argc > 1 ? atoi(argv[1]) : WARM_STEPS;
    prepare();
    for (int i = 0; i < steps; i++) step();
    return argc > 1 ? 0 : serve(measurements);
}
