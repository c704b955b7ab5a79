// One network at a time: products of a batch with weights whose rows are padded to whole vectors.
//
// The padding is computed like the rest, but nothing outside of it is ever computed from it.

#pragma once

#include <algorithm>
#include <memory>

#include "network.h"
#include "vectors.h"

// Call store(row, vector, sum) for R rows and V vectors, beginning with `row` and `vector`. Each sum is that of
// a[row * a_row + d * a_column] b[d][vector] over d < DEPTH; it starts at `start`, and b has `width` floats per row.
template <long R, long V, long DEPTH, typename Store>
INLINE void Tile(long row, long vector, const float* a, long a_row, long a_column, const float* b, long width,
                 const float* start, Store store) {
  Vec sums[R][V];
#pragma GCC unroll 16
  for (long r = 0; r < R; r++)
#pragma GCC unroll 2
    for (long v = 0; v < V; v++) sums[r][v] = start ? *(const Vec*)(start + (vector + v) * kLanes) : Vec{};
  for (long d = 0; d < DEPTH; d++) {
    const Vec* row_of_b = (const Vec*)(b + d * width) + vector;
#pragma GCC unroll 16
    for (long r = 0; r < R; r++) {
      const Vec factor = All(a[(row + r) * a_row + d * a_column]);
#pragma GCC unroll 2
      for (long v = 0; v < V; v++) sums[r][v] += factor * row_of_b[v];
    }
  }
#pragma GCC unroll 16
  for (long r = 0; r < R; r++)
#pragma GCC unroll 2
    for (long v = 0; v < V; v++) store(row + r, vector + v, sums[r][v]);
}

template <long R, long DEPTH, long WIDTH, typename Store>
INLINE void Rows(long row, const float* a, long a_row, long a_column, const float* b, const float* start,
                 Store store) {
  constexpr long vectors = WIDTH / kLanes;
  for (long v = 0; v + 2 <= vectors; v += 2)
    Tile<R, 2, DEPTH>(row, v, a, a_row, a_column, b, WIDTH, start, store);
  if constexpr (vectors % 2 == 1)
    Tile<R, 1, DEPTH>(row, vectors - 1, a, a_row, a_column, b, WIDTH, start, store);
}

// Call store(row, vector, sum) for all elements of start + a b, where b is (DEPTH, WIDTH) and padded.
template <long ROWS, long DEPTH, long WIDTH, typename Store>
INLINE void Multiply(const float* a, long a_row, long a_column, const float* b, const float* start,
                     Store store) {
  long row = 0;
  for (; row + kTileRows <= ROWS; row += kTileRows)
    Rows<kTileRows, DEPTH, WIDTH>(row, a, a_row, a_column, b, start, store);
  if constexpr (ROWS % kTileRows > 0)
    Rows<ROWS % kTileRows, DEPTH, WIDTH>(row, a, a_row, a_column, b, start, store);
}

// Layer L and those above it. `turned` is the transpose of `weights`; both get the same changes.
template <int L>
struct Stack {
  static constexpr long kIn = kSizes[L], kOut = kSizes[L + 1], kBelow = Padded(kIn), kWidth = Padded(kOut);
  alignas(64) float weights[kIn * kWidth], biases[kWidth], turned[L ? kOut * kBelow : 1];
  alignas(64) float activated[kBatch * kWidth], deltas[kBatch * kWidth];
  Stack<L + 1> above;
};
template <>
struct Stack<kLayers> {};

INLINE Vec& At(float* matrix, long width, long row, long vector) {
  return ((Vec*)(matrix + row * width))[vector];
}

// a = f(z), z = inputs W + b.
template <int L, long ROWS>
INLINE void Forward(Stack<L>& layer, const float* inputs) {
  constexpr long width = Stack<L>::kWidth;
  Multiply<ROWS, Stack<L>::kIn, width>(
      inputs, Stack<L>::kBelow, 1, layer.weights, kBiases ? layer.biases : nullptr,
      [&](long r, long v, Vec z) { At(layer.activated, width, r, v) = Activate(kActivations[L], z); });
}

// The output's deltas: dL/dz = 2 (a - y) f'(z) for L = sum (y - a)^2.
template <int L, long ROWS>
INLINE void OutputDeltas(Stack<L>& layer, const float* ys) {
  for (long k = 0; k < ROWS * Stack<L>::kWidth; k += kLanes) {
    const Vec a = *(Vec*)(layer.activated + k);
    *(Vec*)(layer.deltas + k) = 2.0f * (a - *(const Vec*)(ys + k)) * Slope(kActivations[L], a);
  }
}

// The deltas of the layer below: dL/dz W^T f'(z below).
template <int L, long ROWS>
INLINE void DeltasBelow(Stack<L>& layer, const float* inputs, float* below) {
  constexpr long width = Stack<L>::kBelow;
  Multiply<ROWS, Stack<L>::kOut, width>(
      layer.deltas, Stack<L>::kWidth, 1, layer.turned, nullptr, [&](long r, long v, Vec blame) {
        At(below, width, r, v) = blame * Slope(kActivations[L - 1], At((float*)inputs, width, r, v));
      });
}

// W - rate * inputs^T dL/dz, and the same for the transpose and the biases.
template <int L, long ROWS>
INLINE void Update(Stack<L>& layer, const float* inputs, float rate) {
  constexpr long below = Stack<L>::kBelow, width = Stack<L>::kWidth;
  Multiply<Stack<L>::kIn, ROWS, width>(
      inputs, 1, below, layer.deltas, nullptr,
      [&](long i, long v, Vec sum) { At(layer.weights, width, i, v) -= rate * sum; });
  if constexpr (L > 0)
    Multiply<Stack<L>::kOut, ROWS, below>(
        layer.deltas, 1, width, inputs, nullptr,
        [&](long j, long v, Vec sum) { At(layer.turned, below, j, v) -= rate * sum; });
  for (long v = 0; kBiases && v < width / kLanes; v++) {
    Vec sum = {};
    for (long r = 0; r < ROWS; r++) sum += At(layer.deltas, width, r, v);
    At(layer.biases, width, 0, v) -= rate * sum;
  }
}

// The four steps of the handout's summary for one batch: forward, deltas, deltas below, weight changes.
template <int L, long ROWS>
static void Step(Stack<L>& stack, const float* inputs, const float* ys, float* below, float rate) {
  Forward<L, ROWS>(stack, inputs);
  if constexpr (L + 1 == kLayers) OutputDeltas<L, ROWS>(stack, ys);
  else Step<L + 1, ROWS>(stack.above, stack.activated, ys, stack.deltas, rate);
  if constexpr (L > 0) DeltasBelow<L, ROWS>(stack, inputs, below);
  Update<L, ROWS>(stack, inputs, rate);
}

struct Batch {
  static constexpr long kIn = Padded(kSizes[0]), kOut = Padded(kSizes[kLayers]);
  alignas(64) float xs[kBatch * kIn] = {}, ys[kBatch * kOut] = {};

  void Fill(const float* all_xs, const float* all_ys, const int32_t* order, long rows) {
    for (long r = 0; r < rows; r++) {
      std::copy_n(all_xs + order[r] * kSizes[0], kSizes[0], xs + r * kIn);
      std::copy_n(all_ys + order[r] * kSizes[kLayers], kSizes[kLayers], ys + r * kOut);
    }
  }
};

template <int L>
static void Enter(Stack<L>& stack, const Params& params) {
  constexpr long in = Stack<L>::kIn, out = Stack<L>::kOut, below = Stack<L>::kBelow, width = Stack<L>::kWidth;
  for (long i = 0; i < in; i++)
    for (long j = 0; j < out; j++) {
      stack.weights[i * width + j] = params[2 * L][i * out + j];
      if constexpr (L > 0) stack.turned[j * below + i] = params[2 * L][i * out + j];
    }
  std::copy_n(params[2 * L + 1], out, stack.biases);
  if constexpr (L + 1 < kLayers) Enter<L + 1>(stack.above, params);
}

template <int L>
static void Leave(const Stack<L>& stack, const Results& results) {
  constexpr long in = Stack<L>::kIn, out = Stack<L>::kOut, width = Stack<L>::kWidth;
  for (long i = 0; i < in; i++) std::copy_n(stack.weights + i * width, out, results[2 * L] + i * out);
  std::copy_n(stack.biases, out, results[2 * L + 1]);
  if constexpr (L + 1 < kLayers) Leave<L + 1>(stack.above, results);
}

// Go through all rows `passes` times, in the given order, in batches; the last batch may be smaller.
static void TrainOne(const Seed& seed, long passes) {
  thread_local const auto stack = std::make_unique<Stack<0>>();
  thread_local const auto batch = std::make_unique<Batch>();
  Enter<0>(*stack, seed.params);
  for (long pass = 0; pass < passes; pass++) {
    long row = 0;
    for (; row + kBatch <= kRows; row += kBatch) {
      batch->Fill(seed.xs, seed.ys, seed.order + row, kBatch);
      Step<0, kBatch>(*stack, batch->xs, batch->ys, nullptr, seed.rate);
    }
    if constexpr (kRows % kBatch > 0) {
      batch->Fill(seed.xs, seed.ys, seed.order + row, kRows % kBatch);
      Step<0, kRows % kBatch>(*stack, batch->xs, batch->ys, nullptr, seed.rate);
    }
  }
  Leave<0>(*stack, seed.results);
}

static void TrainAll(const std::vector<Seed>& seeds, long passes) {
  for (const Seed& seed : seeds) TrainOne(seed, passes);
}
