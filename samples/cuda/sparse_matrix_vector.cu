// Sparse matrix (compressed rows) times vector: one thread a row, and one warp a row.
#include "sample.h"

__global__ void threadPerRow(const int *rows, const int *columns, const double *values, const double *x, double *y, int n)
{
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= n) return;
    double sum = 0;
    for (int k = rows[row]; k < rows[row + 1]; k++) sum += values[k] * x[columns[k]];
    y[row] = sum;
}

__global__ void warpPerRow(const int *rows, const int *columns, const double *values, const double *x, double *y, int n)
{
    int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
    if (row >= n) return;
    double sum = 0;
    for (int k = rows[row] + lane; k < rows[row + 1]; k += 32) sum += values[k] * x[columns[k]];
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffffu, sum, offset);
    if (lane == 0) y[row] = sum;
}

int main(int argc, char **argv)
{
    const int n = sample::size(argc, argv, 2000);
    sample::Random random;
    std::vector<int> rows{0}, columns;
    std::vector<double> values, x(n);
    for (double &v : x) v = random.uniform(-1, 1);
    for (int row = 0; row < n; row++) {
        int filled = row % 50 == 0 ? 200 : random.below(20);
        for (int k = 0; k < filled; k++) {
            columns.push_back(random.below(n));
            values.push_back(random.uniform(-1, 1));
        }
        rows.push_back(int(columns.size()));
    }
    sample::Device<int> drows(rows), dcolumns(columns);
    sample::Device<double> dvalues(values), dx(x), dy(n), dz(n);
    threadPerRow<<<sample::blocks(n, 128), 128>>>(drows.get(), dcolumns.get(), dvalues.get(), dx.get(), dy.get(), n);
    warpPerRow<<<sample::blocks(n, 4), 128>>>(drows.get(), dcolumns.get(), dvalues.get(), dx.get(), dz.get(), n);
    sample::launched();
    std::vector<double> y = dy.host(), z = dz.host();
    for (int row = 0; row < n; row++) {
        double expected = 0;
        for (int k = rows[row]; k < rows[row + 1]; k++) expected += values[k] * x[columns[k]];
        if (!sample::near(y[row], expected, 1e-12)) return sample::failed("row %d is %g, not %g", row, y[row], expected);
        if (!sample::near(z[row], expected, 1e-12)) return sample::failed("row %d by its warp is %g, not %g", row, z[row], expected);
    }
    std::printf("sparse matrix-vector: %d rows, %zu values\n", n, values.size());
    return sample::passed();
}
