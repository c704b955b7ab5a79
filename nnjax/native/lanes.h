// Many tiny networks at a time, all rows in one batch: each vector holds one weight of kLanes networks.

#pragma once

#include <algorithm>
#include <cstring>
#include <memory>

#include "network.h"
#include "vectors.h"

#define UNROLLED _Pragma("GCC unroll 64")

constexpr long kInFlight = 4;  // vectors of networks in turn, which hide the latency of the divisions

// Numbers for the weights and biases of layer L and those above it.
template <int L>
struct Stack {
  static constexpr long kIn = kSizes[L], kOut = kSizes[L + 1];
  Vec weights[kIn][kOut], biases[kOut];
  Stack<L + 1> above;
};
template <>
struct Stack<kLayers> {};

// Add one row's gradients dL/dw = a dL/dz to `sums`; write dL/dz of the layer below.
template <int L>
INLINE void Row(const Stack<L>& layer, Stack<L>& sums, const Vec* inputs, const Vec* ys, Vec* below) {
  constexpr long in = Stack<L>::kIn, out = Stack<L>::kOut;
  Vec activated[out], deltas[out];
  UNROLLED for (long j = 0; j < out; j++) {
    Vec z = kBiases ? layer.biases[j] : Vec{};
    UNROLLED for (long i = 0; i < in; i++) z += inputs[i] * layer.weights[i][j];
    activated[j] = Activate(kActivations[L], z);
  }
  if constexpr (L + 1 < kLayers) {
    Row<L + 1>(layer.above, sums.above, activated, ys, deltas);
  } else {
    UNROLLED for (long j = 0; j < out; j++) {
      deltas[j] = 2.0f * (activated[j] - ys[j]) * Slope(kActivations[L], activated[j]);
    }
  }
  if constexpr (L > 0) {
    UNROLLED for (long i = 0; i < in; i++) {
      Vec blame = {};
      UNROLLED for (long j = 0; j < out; j++) blame += layer.weights[i][j] * deltas[j];
      below[i] = blame * Slope(kActivations[L - 1], inputs[i]);
    }
  }
  UNROLLED for (long j = 0; j < out; j++) {
    UNROLLED for (long i = 0; i < in; i++) sums.weights[i][j] += inputs[i] * deltas[j];
    sums.biases[j] += deltas[j];
  }
}

// w - rate * sum.
template <int L>
INLINE void Update(Stack<L>& layer, const Stack<L>& sums, Vec rate) {
  UNROLLED for (long j = 0; j < Stack<L>::kOut; j++) {
    UNROLLED for (long i = 0; i < Stack<L>::kIn; i++) layer.weights[i][j] -= rate * sums.weights[i][j];
    if constexpr (kBiases) layer.biases[j] -= rate * sums.biases[j];
  }
  if constexpr (L + 1 < kLayers) Update<L + 1>(layer.above, sums.above, rate);
}

// As many networks as a vector has elements, with their rows.
struct Group {
  Stack<0> stack;
  Vec xs[kRows][kSizes[0]], ys[kRows][kSizes[kLayers]], rate;
};

INLINE void Step(Group& group) {
  Stack<0> sums = {};
#pragma GCC unroll 4
  for (long row = 0; row < kRows; row++) Row<0>(group.stack, sums, group.xs[row], group.ys[row], nullptr);
  Update<0>(group.stack, sums, group.rate);
}

template <int L, typename Visit>
static void ForParams(Stack<L>& layer, Visit visit) {
  for (long i = 0; i < Stack<L>::kIn; i++)
    for (long j = 0; j < Stack<L>::kOut; j++) visit(layer.weights[i][j], 2 * L, i * Stack<L>::kOut + j);
  for (long j = 0; j < Stack<L>::kOut; j++) visit(layer.biases[j], 2 * L + 1, j);
  if constexpr (L + 1 < kLayers) ForParams<L + 1>(layer.above, visit);
}

template <typename Sums>
static void Fill(Sums& vectors, const float* row, long lane) {
  for (Vec& vector : vectors) vector[lane] = *row++;
}

static void Enter(Group& group, const Seed& seed, long lane) {
  ForParams<0>(group.stack, [&](Vec& value, int k, long n) { value[lane] = seed.params[k][n]; });
  for (long r = 0; r < kRows; r++) {
    Fill(group.xs[r], seed.xs + r * kSizes[0], lane);
    Fill(group.ys[r], seed.ys + r * kSizes[kLayers], lane);
  }
  group.rate[lane] = seed.rate;
}

static void Leave(Group& group, const Seed& seed, long lane) {
  ForParams<0>(group.stack, [&](Vec& value, int k, long n) { seed.results[k][n] = value[lane]; });
}

// Update all networks `passes` times; elements without a network are left at 0.
static void TrainAll(const std::vector<Seed>& seeds, long passes) {
  thread_local const auto groups = std::make_unique<Group[]>(kInFlight);
  const long count = seeds.size(), together = kInFlight * kLanes;
  for (long first = 0; first < count; first += together) {
    const long here = std::min(together, count - first), used = (here + kLanes - 1) / kLanes;
    std::memset((void*)groups.get(), 0, used * sizeof(Group));
    for (long s = 0; s < here; s++) Enter(groups[s / kLanes], seeds[first + s], s % kLanes);
    for (long pass = 0; pass < passes; pass++)
      for (long g = 0; g < used; g++) Step(groups[g]);
    for (long s = 0; s < here; s++) Leave(groups[s / kLanes], seeds[first + s], s % kLanes);
  }
}
