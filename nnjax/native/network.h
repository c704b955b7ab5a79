// The network and the batches that this library is compiled for, and what it is given for each seed.

#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

constexpr long kSizes[] = {NNJAX_SIZES};
constexpr int kActivations[] = {NNJAX_ACTIVATIONS};
constexpr int kLayers = std::size(kActivations);
constexpr long kRows = NNJAX_ROWS, kBatch = NNJAX_BATCH;
constexpr bool kBiases = NNJAX_BIASES;

// The weights (in, out) and biases (out) of each layer in turn.
typedef std::array<const float*, 2 * kLayers> Params;
typedef std::array<float*, 2 * kLayers> Results;

struct Seed {
  Params params;
  const float *xs, *ys;
  const int32_t* order;
  float rate;
  Results results;
};
