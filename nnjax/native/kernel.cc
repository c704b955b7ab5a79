// Gradient descent on the summed squared error, for many networks of one shape: a call from XLA.
//
// compiling.py compiles this file for one network. The arguments are the weights and biases of each
// layer, xs (n, in), ys (n, out), the order of the rows (n) and the rate; the results are weights and biases. Each
// argument may begin with axes for the seeds, of length 1 if all seeds share it. The numbers of a seed are computed
// from that seed's arguments alone, in a fixed order, so its bits depend neither on its place nor on the others.

#include <algorithm>
#include <cstring>

#include "xla/ffi/api/ffi.h"

#include "network.h"
#if NNJAX_LANES
#include "lanes.h"
#else
#include "batches.h"
#endif

namespace ffi = xla::ffi;

// An argument with `own` axes besides those of the seeds.
template <typename T>
struct Argument {
  const T* at;
  long size = 1;
  std::vector<long> steps;

  Argument(const ffi::AnyBuffer& buffer, size_t own) : at(buffer.typed_data<T>()) {
    const auto dims = buffer.dimensions();
    const size_t leading = dims.size() - own;
    for (size_t d = leading; d < dims.size(); d++) size *= dims[d];
    steps.assign(leading, 0);
    long step = size;
    for (size_t d = leading; d-- > 0; step *= dims[d]) steps[d] = dims[d] == 1 ? 0 : step;
  }

  const T* Of(long seed, ffi::AnyBuffer::Dimensions shape) const {
    long offset = 0;
    for (size_t d = steps.size(); d-- > 0; seed /= shape[d]) offset += seed % shape[d] * steps[d];
    return at + offset;
  }
};

template <typename T>
static bool Equal(const T* one, const T* other, long size) {
  return one == other || std::memcmp(one, other, size * sizeof(T)) == 0;
}

// Sweeps fill their last lane with copies of the last seed, so seeds at the end that are equal are trained once.
static ffi::Error Run(ffi::RemainingArgs args, ffi::RemainingRets rets, int64_t passes) {
  std::vector<Argument<float>> params;
  for (int k = 0; k < 2 * kLayers; k++) params.emplace_back(*args.get<ffi::AnyBuffer>(k), k % 2 ? 1 : 2);
  const Argument<float> xs(*args.get<ffi::AnyBuffer>(2 * kLayers), 2);
  const Argument<float> ys(*args.get<ffi::AnyBuffer>(2 * kLayers + 1), 2);
  const Argument<int32_t> order(*args.get<ffi::AnyBuffer>(2 * kLayers + 2), 1);
  const Argument<float> rate(*args.get<ffi::AnyBuffer>(2 * kLayers + 3), 0);
  const auto shape = (*rets.get<ffi::AnyBuffer>(0))->dimensions();
  long count = 1;
  for (size_t d = 0; d + 2 < shape.size(); d++) count *= shape[d];
  std::vector<Seed> seeds(count);
  for (long s = 0; s < count; s++) {
    for (int k = 0; k < 2 * kLayers; k++) {
      seeds[s].params[k] = params[k].Of(s, shape);
      seeds[s].results[k] = (*rets.get<ffi::AnyBuffer>(k))->typed_data<float>() + s * params[k].size;
    }
    seeds[s].xs = xs.Of(s, shape), seeds[s].ys = ys.Of(s, shape);
    seeds[s].order = order.Of(s, shape), seeds[s].rate = *rate.Of(s, shape);
  }
  const auto same = [&](const Seed& one, const Seed& other) {
    bool all = Equal(&one.rate, &other.rate, 1) && Equal(one.order, other.order, order.size);
    for (int k = 0; all && k < 2 * kLayers; k++) all = Equal(one.params[k], other.params[k], params[k].size);
    return all && Equal(one.xs, other.xs, xs.size) && Equal(one.ys, other.ys, ys.size);
  };
  long distinct = count;
  while (distinct > 1 && same(seeds[distinct - 2], seeds[distinct - 1])) distinct--;
  seeds.resize(distinct);
  TrainAll(seeds, passes);
  for (int k = 0; k < 2 * kLayers && count > 0; k++) {
    const float* trained = seeds.back().results[k];
    float* copy = seeds.back().results[k] + params[k].size;
    for (long s = distinct; s < count; s++, copy += params[k].size) std::copy_n(trained, params[k].size, copy);
  }
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(NnjaxTrain, Run,
                              ffi::Ffi::Bind().RemainingArgs().RemainingRets().Attr<int64_t>("passes"));
