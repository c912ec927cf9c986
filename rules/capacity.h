// SPDX-License-Identifier: Apache-2.0
// How many people an accelerator serves with a language model: a model of memory and bandwidth, checked against published
// measurements (tests/rules/capacity/). Numbers in, numbers out: it knows neither hosts nor rules.
//
// The formulas (bytes are 10^9 to the gigabyte):
//   room for context   memory × 0.90 − weights − 1.5 GB an accelerator          (0.90: vLLM's default share of memory)
//   one step           (weights read + requests × context × bytes a token) / (0.85 × bandwidth × n) + 2 ms, and 0.05 ms a
//                      layer where a model is split; experts not chosen are not read
//   a prompt           2 × active parameters × tokens / (n × compute × efficiency)
//   throughput         requests × answer / (answer × step + requests × prompt)
//   what is planned    0.70 of it: where the model misses a measurement it promises too much
#pragma once

#include <optional>
#include <string>

namespace plumbline {

/// One GPU as the model needs it; several only where they are alike and in one host.
struct ServingCard {
  double memory_gb = 0;          // that the model may use: the whole of it, or what is free
  double bandwidth_gbs = 0;      // of its memory
  double half_tflops = 0;        // dense, 16 bits a number
  double eight_bit_tflops = 0;   // dense FP8; 0 where the card has none: weights of 8 bits are then computed with 16
  double efficiency = 0.40;      // share of it that prompts reach; 0.44 measured on H100, 0.25 on AMD
};

enum class Precision { half, eight_bit, four_bit };

/// A language model. Weights that are shipped in one form only have one of the sizes.
struct ServedModel {
  std::string id, title;
  double parameters_b = 0, active_b = 0;   // 10^9; equal but for mixtures of experts
  int layers = 0, kv_heads = 0, head_dim = 0;
  int experts = 0, experts_active = 0;     // 0: no mixture
  double sliding_share = 0;                // of the layers look back `window` tokens only
  int window = 0;
  std::optional<double> latent_dim;        // multi-head latent attention: numbers a layer keeps for a token
  std::optional<double> half_gb, eight_bit_gb, four_bit_gb;  // size of the weights
};
/// GB of weights, or nothing where the model does not come in that form.
std::optional<double> weights_gb(const ServedModel& model, Precision precision);

/// What one request is.
struct ServingLoad {
  int prompt_tokens = 1500, answer_tokens = 300;
  int kv_bytes = 2;                     // of a number kept for a token: 2, or 1 with FP8
  double least_tokens_per_second = 8;   // for each person: above reading speed
  double longest_wait_seconds = 2.5;    // for the first word
};

/// GB that the context of one request takes when it is answered.
double context_gb(const ServedModel& model, const ServingLoad& load);

struct ServingRate {
  double step_seconds = 0;     // between two tokens of one answer
  double prompt_seconds = 0;   // to read one prompt
  double tokens_per_second = 0;  // of all requests together
};
/// With so many requests at once, as the formulas give it: nothing is taken off.
ServingRate serving_rate(const ServingCard& card, int cards, const ServedModel& model, Precision precision,
                         const ServingLoad& load, int requests);

enum class ServingLimit { none, memory, speed, wait };  // what stands in the way of one request more
struct ServingCapacity {
  bool fits = false;            // the weights, and one request beside them
  int requests_in_memory = 0;   // that the memory holds at once; at most 256
  int requests = 0;             // at once with planned speed and wait
  double tokens_per_second = 0; // planned, of all requests together
  double wait_seconds = 0;      // planned, for the first word when nobody waits before
  ServingLimit limit = ServingLimit::none;
};
inline constexpr int kMostRequests = 256;      // as vLLM admits
inline constexpr double kPlanningFactor = 0.70;
ServingCapacity serving_capacity(const ServingCard& card, int cards, const ServedModel& model, Precision precision,
                                 const ServingLoad& load);

/// People whose requests so many slots carry, as a range: 0.06 slots a person is 30 % of them active, 12 questions an hour,
/// 30 seconds an answer, doubled for peaks; half as many with twice the questions.
struct PeopleRange {
  int low = 0, high = 0;
};
inline constexpr double kSlotsPerPerson = 0.06;
PeopleRange people_served(int requests, double slots_per_person = kSlotsPerPerson);

/// GB of weights that one answer alone reads for a token: of a mixture only what it chooses.
double processor_weights_gb(const ServedModel& model, Precision precision);
/// One answer at a time on a processor: the weights are read once a token at 0.6 of the memory's bandwidth.
double processor_tokens_per_second(double memory_bandwidth_gbs, double weights_gb);

}  // namespace plumbline
