/* How fast can this machine train 2-2-1 networks on XOR? Full-batch gradient descent on the SSE, written for one
 * network per vector element; BLOCK vectors in flight hide the latency of the divisions. Prints seed-steps per
 * second over all threads, the floor with which the sweep is compared.
 *   cc -O3 -march=native -pthread xor_floor.c -o xor_floor -lm && ./xor_floor 2
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LANES 16
#define BLOCK 4
#define WEIGHTS 9
#define BLOCKS 256
#define STEPS 1000

typedef float v __attribute__((vector_size(4 * LANES)));
typedef int vi __attribute__((vector_size(4 * LANES)));

/* 2^(x log2 e): round to the nearest integer by adding 1.5 * 2^23, a polynomial for the rest. */
static inline v exponential(v x) {
    const float shift = 12582912.0f;
    v t = x * 1.44269504f + shift;
    v r = x - (t - shift) * 0.693147182f;
    v p = 1 + r * (1 + r * (0.5f + r * (1.f / 6 + r * (1.f / 24 + r * (1.f / 120 + r * (1.f / 720))))));
    vi exponent = ((vi)t << 23);
    return (v)((vi)p + exponent);
}

static inline v sigmoid(v z) { return 1 / (1 + exponential(-z)); }

static inline void descend(v w[WEIGHTS]) {
    static const float rows[4][3] = {{0, 0, 0}, {0, 1, 1}, {1, 0, 1}, {1, 1, 0}};
    v g[WEIGHTS];
    memset(g, 0, sizeof g);
    for (int n = 0; n < 4; n++) {
        const float x = rows[n][0], y = rows[n][1], label = rows[n][2];
        v h = sigmoid(w[0] * x + w[1] * y + w[2]), k = sigmoid(w[3] * x + w[4] * y + w[5]);
        v o = sigmoid(w[6] * h + w[7] * k + w[8]);
        v d = 2 * (label - o) * o * (1 - o);
        v dh = d * w[6] * h * (1 - h), dk = d * w[7] * k * (1 - k);
        g[0] += dh * x, g[1] += dh * y, g[2] += dh;
        g[3] += dk * x, g[4] += dk * y, g[5] += dk;
        g[6] += d * h, g[7] += d * k, g[8] += d;
    }
    for (int i = 0; i < WEIGHTS; i++) w[i] += 0.5f * g[i];
}

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

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int count, char **arguments) {
    int threads = count > 1 ? atoi(arguments[1]) : 1;
    pthread_t handles[256];
    double start = now();
    float check = 0;
    if (threads < 1 || threads > 256) return 2;
    for (int i = 0; i < threads; i++) pthread_create(&handles[i], NULL, work, (void *)(size_t)i);
    for (int i = 0; i < threads; i++) {
        void *sum;
        pthread_join(handles[i], &sum);
        check += *(float *)sum;
    }
    double seconds = now() - start;
    printf("%.6g seed-steps/s (check %g)\n", (double)threads * BLOCKS * BLOCK * LANES * STEPS / seconds, check);
    return 0;
}
