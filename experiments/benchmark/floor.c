/* How fast can this machine train one network on a few rows? Gradient descent on the SSE with all rows, one network
 * per vector element; BLOCK vectors in flight hide the latency of the divisions. floor.py writes network.h, which has
 * the number of WEIGHTS, how many BLOCKS to train, and `descend`, an update of one network.
 *   ./floor 2            seed-steps per second over 2 threads
 *   ./floor check 20     20 updates of the network whose parameters come on the standard input
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __AVX512F__
#define LANES 16
#else
#define LANES 8
#endif
#define BLOCK 4
#define STEPS 500

typedef float v __attribute__((vector_size(4 * LANES)));
typedef int vi __attribute__((vector_size(4 * LANES)));

/* 2^(x log2 e): round to the nearest integer by adding 1.5 * 2^23, a polynomial for the rest. */
static inline v exponential(v x) {
    const float shift = 12582912.0f;
    v t = x * 1.44269504f + shift;
    v r = x - (t - shift) * 0.693147182f;
    v p = 1 + r * (1 + r * (0.5f + r * (1.f / 6 + r * (1.f / 24 + r * (1.f / 120 + r * (1.f / 720))))));
    return (v)((vi)p + ((vi)t << 23));
}

static inline v sigmoid(v z) { return 1 / (1 + exponential(-z)); }

#include "network.h"

static void *work(void *argument) {
    unsigned state = 1 + (unsigned)(size_t)argument;
    float *sum = calloc(1, sizeof *sum);
    for (int block = 0; block < BLOCKS; block++) {
        v w[BLOCK][WEIGHTS];
        for (size_t i = 0; i < sizeof w / sizeof(float); i++) ((float *)w)[i] = 2.f * rand_r(&state) / RAND_MAX - 1;
        for (int step = 0; step < STEPS; step++)
            for (int b = 0; b < BLOCK; b++) descend(w[b]);
        *sum += w[0][0][0];
    }
    return sum;
}

static int check(int steps) {
    v w[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
        float number;
        if (scanf("%f", &number) != 1) return 2;
        w[i] = number + (v){0};
    }
    for (int step = 0; step < steps; step++) descend(w);
    for (int i = 0; i < WEIGHTS; i++) printf("%.9g\n", w[i][LANES - 1]);
    return 0;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int count, char **arguments) {
    if (count > 2) return check(atoi(arguments[2]));
    int threads = count > 1 ? atoi(arguments[1]) : 1;
    pthread_t handles[256];
    double start = now();
    float total = 0;
    if (threads < 1 || threads > 256) return 2;
    for (int i = 0; i < threads; i++) pthread_create(&handles[i], NULL, work, (void *)(size_t)i);
    for (int i = 0; i < threads; i++) {
        void *sum;
        pthread_join(handles[i], &sum);
        total += *(float *)sum;
    }
    double seconds = now() - start;
    printf("%.6g seed-steps/s (sum %g)\n", (double)threads * BLOCKS * BLOCK * LANES * STEPS / seconds, total);
    return 0;
}
