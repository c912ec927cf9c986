// SPDX-License-Identifier: Apache-2.0
// The serving model.
#include "rules/capacity.h"

#include <algorithm>
#include <cmath>

namespace plumbline {
namespace {

constexpr double kGiga = 1e9;
constexpr double kUsableMemory = 0.90;        // of the card, as vLLM takes it
constexpr double kWorkingGb = 1.5;            // a card, beside weights and context
constexpr double kReachedBandwidth = 0.85;
constexpr double kStepSeconds = 0.002;        // beside the memory
constexpr double kExchangeSeconds = 0.00005;  // a layer, where a model is split over cards
constexpr double kProcessorBandwidth = 0.6;

/// Weights that every token reads, and those of the experts it may choose, as shares of all.
struct Shares {
  double common = 1, experts = 0;
};
Shares shares_of(const ServedModel& model) {
  if (model.experts <= 0 || model.experts_active >= model.experts || model.parameters_b <= 0) return {};
  const double chosen = static_cast<double>(model.experts_active) / model.experts;
  const double experts = (model.parameters_b - model.active_b) / (1 - chosen);
  return {(model.parameters_b - experts) / model.parameters_b, experts / model.parameters_b};
}

double weights_read_gb(const ServedModel& model, double weights, int requests) {
  const Shares shares = shares_of(model);
  if (shares.experts <= 0) return weights;
  const double chosen = static_cast<double>(model.experts_active) / model.experts;
  return weights * (shares.common + shares.experts * (1 - std::pow(1 - chosen, requests)));
}

/// GB that the context of one request takes.
double context_gb(const ServedModel& model, double tokens, int bytes) {
  const double numbers = model.latent_dim ? *model.latent_dim : 2.0 * model.kv_heads * model.head_dim;
  const double short_layers = model.layers * model.sliding_share;
  const double kept = (model.layers - short_layers) * tokens +
                      short_layers * std::min(tokens, static_cast<double>(model.window));
  return kept * numbers * bytes / kGiga;
}

double tflops(const ServingCard& card, Precision precision) {
  return precision == Precision::eight_bit && card.eight_bit_tflops > 0 ? card.eight_bit_tflops : card.half_tflops;
}

int requests_in_memory(const ServingCard& card, int cards, const ServedModel& model, double weights,
                       const ServingLoad& load) {
  const double room = (card.memory_gb * kUsableMemory - kWorkingGb) * cards - weights;
  const double one = context_gb(model, load.prompt_tokens + load.answer_tokens, load.kv_bytes);
  if (room <= 0 || one <= 0) return 0;
  return static_cast<int>(std::min(room / one, static_cast<double>(kMostRequests)));
}

}  // namespace

std::optional<double> weights_gb(const ServedModel& model, Precision precision) {
  switch (precision) {
    case Precision::half: return model.half_gb;
    case Precision::eight_bit: return model.eight_bit_gb;
    case Precision::four_bit: return model.four_bit_gb;
  }
  return std::nullopt;
}

ServingRate serving_rate(const ServingCard& card, int cards, const ServedModel& model, Precision precision,
                         const ServingLoad& load, int requests) {
  ServingRate out;
  const double weights = weights_gb(model, precision).value_or(0);
  const double compute = cards * tflops(card, precision) * 1e12 * card.efficiency;
  if (weights <= 0 || compute <= 0 || card.bandwidth_gbs <= 0 || requests <= 0) return out;
  const double context = context_gb(model, load.prompt_tokens + load.answer_tokens / 2.0, load.kv_bytes);
  out.step_seconds = (weights_read_gb(model, weights, requests) + requests * context) /
                         (kReachedBandwidth * card.bandwidth_gbs * cards) +
                     kStepSeconds + (cards > 1 ? kExchangeSeconds * model.layers : 0);
  out.prompt_seconds = 2 * model.active_b * kGiga * load.prompt_tokens / compute;
  out.tokens_per_second =
      requests * load.answer_tokens / (load.answer_tokens * out.step_seconds + requests * out.prompt_seconds);
  return out;
}

ServingCapacity serving_capacity(const ServingCard& card, int cards, const ServedModel& model, Precision precision,
                                 const ServingLoad& load) {
  ServingCapacity out;
  const auto weights = weights_gb(model, precision);
  if (!weights) return out;
  out.requests_in_memory = requests_in_memory(card, cards, model, *weights, load);
  out.fits = out.requests_in_memory > 0;
  out.limit = ServingLimit::memory;
  const auto planned = [&](int requests) { return serving_rate(card, cards, model, precision, load, requests); };
  out.wait_seconds = planned(1).prompt_seconds / kPlanningFactor;
  if (!out.fits) return out;
  if (out.wait_seconds > load.longest_wait_seconds) {
    out.limit = ServingLimit::wait;
    return out;
  }
  // Speed for each falls with every request more, so the most that is fast enough is found by halving.
  const auto fast_enough = [&](int requests) {
    return kPlanningFactor * planned(requests).tokens_per_second / requests >= load.least_tokens_per_second;
  };
  int most = 0, beyond = out.requests_in_memory + 1;
  while (beyond - most > 1) {
    const int middle = most + (beyond - most) / 2;
    (fast_enough(middle) ? most : beyond) = middle;
  }
  out.requests = most;
  if (most < out.requests_in_memory) out.limit = ServingLimit::speed;
  if (most > 0) out.tokens_per_second = kPlanningFactor * planned(most).tokens_per_second;
  return out;
}

PeopleRange people_served(int requests, double slots_per_person) {
  // A millionth more, so that 12 requests at 0.06 are 200 people and not 199.
  const double most = requests / slots_per_person * (1 + 1e-6);
  return {static_cast<int>(most / 2), static_cast<int>(most)};
}

double context_gb(const ServedModel& model, const ServingLoad& load) {
  return context_gb(model, load.prompt_tokens + load.answer_tokens, load.kv_bytes);
}

double processor_weights_gb(const ServedModel& model, Precision precision) {
  return weights_read_gb(model, weights_gb(model, precision).value_or(0), 1);
}

double processor_tokens_per_second(double memory_bandwidth_gbs, double weights) {
  return weights <= 0 ? 0 : kProcessorBandwidth * memory_bandwidth_gbs / weights;
}

}  // namespace plumbline
