// Solves a two-dimensional Poisson equation by conjugate gradients in double precision.
#include "sample.h"

__global__ void laplace(const double *x, double *y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, j = blockIdx.y * blockDim.y + threadIdx.y;
    if (i >= n || j >= n) return;
    int k = j * n + i;
    double sum = 4 * x[k];
    if (i > 0) sum -= x[k - 1];
    if (i < n - 1) sum -= x[k + 1];
    if (j > 0) sum -= x[k - n];
    if (j < n - 1) sum -= x[k + n];
    y[k] = sum;
}

__global__ void dot(const double *a, const double *b, double *partial, int n)
{
    __shared__ double own[128];
    double sum = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) sum += a[i] * b[i];
    own[threadIdx.x] = sum;
    for (int half = 64; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) own[threadIdx.x] += own[threadIdx.x + half];
    }
    if (threadIdx.x == 0) partial[blockIdx.x] = own[0];
}

__global__ void addScaled(double *y, const double *x, double a, double b, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = a * x[i] + b * y[i];
}

static double product(const sample::Device<double> &a, const sample::Device<double> &b, sample::Device<double> &partial, int n)
{
    dot<<<8, 128>>>(a.get(), b.get(), partial.get(), n);
    double sum = 0;
    for (double x : partial.host()) sum += x;
    return sum;
}

int main(int argc, char **argv)
{
    const int side = sample::size(argc, argv, 24), n = side * side, groups = sample::blocks(n, 128);
    sample::Random random;
    std::vector<double> right(n), zero(n, 0.0);
    for (double &v : right) v = random.uniform(-1, 1);
    sample::Device<double> x(zero), r(right), p(right), q(n), partial(8);
    dim3 block(16, 8), grid(sample::blocks(side, 16), sample::blocks(side, 8));
    double rr = product(r, r, partial, n), first = rr;
    int iterations = 0;
    while (rr > 1e-20 * first && iterations < 10 * side) {
        laplace<<<grid, block>>>(p.get(), q.get(), side);
        double alpha = rr / product(p, q, partial, n);
        addScaled<<<groups, 128>>>(x.get(), p.get(), alpha, 1, n);
        addScaled<<<groups, 128>>>(r.get(), q.get(), -alpha, 1, n);
        double next = product(r, r, partial, n);
        addScaled<<<groups, 128>>>(p.get(), r.get(), 1, next / rr, n);
        rr = next;
        iterations++;
    }
    sample::launched();
    std::vector<double> solution = x.host();
    double worst = 0;
    for (int j = 0; j < side; j++)
        for (int i = 0; i < side; i++) {
            int k = j * side + i;
            double sum = 4 * solution[k] - right[k];
            if (i > 0) sum -= solution[k - 1];
            if (i < side - 1) sum -= solution[k + 1];
            if (j > 0) sum -= solution[k - side];
            if (j < side - 1) sum -= solution[k + side];
            worst = std::fmax(worst, std::fabs(sum));
        }
    if (!(worst < 1e-8)) return sample::failed("residual %g after %d iterations", worst, iterations);
    std::printf("conjugate gradient: %d unknowns, %d iterations, residual below 1e-8\n", n, iterations);
    return sample::passed();
}
