// Prices of European options by the closed formula of Black and Scholes.
#include "sample.h"

__device__ float normal(float x)
{
    return 0.5f * erfcf(-x * 0.70710678f);
}

__global__ void price(const float *spot, const float *strike, const float *years, float *call, float *put, int n,
                      float rate, float volatility)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= n) return;
    float root = sqrtf(years[i]);
    float d1 = (logf(spot[i] / strike[i]) + (rate + 0.5f * volatility * volatility) * years[i]) / (volatility * root);
    float d2 = d1 - volatility * root;
    float discounted = strike[i] * expf(-rate * years[i]);
    call[i] = spot[i] * normal(d1) - discounted * normal(d2);
    put[i] = discounted * normal(-d2) - spot[i] * normal(-d1);
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 20000);
    const float rate = 0.02f, volatility = 0.3f;
    sample::Random random;
    std::vector<float> spot(n), strike(n), years(n);
    for (int i = 0; i < n; i++) {
        spot[i] = random.uniform(5, 30);
        strike[i] = random.uniform(5, 60);
        years[i] = random.uniform(0.25f, 5);
    }
    sample::Device<float> dspot(spot), dstrike(strike), dyears(years), dcall(n), dput(n);
    price<<<sample::blocks(n, 128), 128>>>(dspot.get(), dstrike.get(), dyears.get(), dcall.get(), dput.get(), n, rate, volatility);
    sample::launched();
    std::vector<float> call = dcall.host(), put = dput.host();
    for (int i = 0; i < n; i++) {
        double root = std::sqrt(double(years[i]));
        double d1 = (std::log(double(spot[i]) / strike[i]) + (rate + 0.5 * volatility * volatility) * years[i]) / (volatility * root);
        double d2 = d1 - volatility * root, discounted = strike[i] * std::exp(-double(rate) * years[i]);
        double expected = spot[i] * 0.5 * std::erfc(-d1 * M_SQRT1_2) - discounted * 0.5 * std::erfc(-d2 * M_SQRT1_2);
        if (!sample::near(call[i], expected, 1e-5)) return sample::failed("call %d costs %g, not %g", i, call[i], expected);
        if (!sample::near(call[i] - put[i], spot[i] - discounted, 1e-5)) return sample::failed("parity of option %d", i);
    }
    std::printf("Black-Scholes: %d options, the first call %.4f\n", n, call[0]);
    return sample::passed();
}
