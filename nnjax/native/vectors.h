// Vectors of a register's width, and the activation functions on them.

#pragma once

#include <cstdint>

// The number of floats in a vector register, and how many rows of a product's tile fit into the registers.
#if defined(__AVX512F__)
constexpr long kLanes = 16, kTileRows = 10;
#elif defined(__AVX2__)
constexpr long kLanes = 8, kTileRows = 5;
#else
constexpr long kLanes = 4, kTileRows = 5;
#endif

typedef float Vec __attribute__((vector_size(4 * kLanes)));
typedef int32_t Ints __attribute__((vector_size(4 * kLanes)));

#define INLINE __attribute__((always_inline)) static inline

constexpr long Padded(long count) { return (count + kLanes - 1) / kLanes * kLanes; }

INLINE Vec All(float value) { return value - Vec{}; }

// e^x = 2^n e^r with |r| <= ln 2 / 2, where e^r is Taylor's polynomial of degree 6.
INLINE Vec Exp(Vec x) {
  x = x > All(88.0f) ? All(88.0f) : x;
  x = x < All(-87.0f) ? All(-87.0f) : x;
  const Vec shift = All(12582912.0f);  // 1.5 * 2^23: the sum's last bits are n
  const Vec shifted = x * 1.44269504f + shift, n = shifted - shift;
  const Vec r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts; the first product is exact
  Vec p = All(1.0f / 720);
  for (float factor : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f}) p = p * r + factor;
  return (Vec)((Ints)p + ((Ints)shifted << 23));
}

INLINE Vec Sigmoid(Vec z) { return 1.0f / (1.0f + Exp(-z)); }

// Near 0, where 2 sigmoid(2z) - 1 cancels: z + z^3 p(z^2), with the coefficients of the Cephes library.
INLINE Vec Tanh(Vec z) {
  const Vec square = z * z;
  Vec p = All(-5.70498872745e-3f);
  for (float factor : {2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f})
    p = p * square + factor;
  const Vec far = 2.0f * Sigmoid(2.0f * z) - 1.0f;
  return square < All(0.390625f) ? z + z * square * p : far;
}

// In the order of ACTIVATIONS in compiling.py.
enum Activation { kIdentity, kSigmoid, kTanh, kRelu };

INLINE Vec Activate(int kind, Vec z) {
  switch (kind) {
    case kSigmoid: return Sigmoid(z);
    case kTanh: return Tanh(z);
    case kRelu: return z > Vec{} ? z : Vec{};
    default: return z;
  }
}

// f'(z), computed from a = f(z).
INLINE Vec Slope(int kind, Vec a) {
  switch (kind) {
    case kSigmoid: return a * (1.0f - a);
    case kTanh: return 1.0f - a * a;
    case kRelu: return a > Vec{} ? All(1.0f) : Vec{};
    default: return All(1.0f);
  }
}
