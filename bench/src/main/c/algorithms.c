#include "algorithms.h"

#include <math.h>

#include "measure.h"

enum { TILE = 16, TILE_BODIES = 128, REDUCTION_THREADS = 256 };

void matrix_multiply(const float *a, const float *b, float *c, int n, int first_block_row, int end_block_row)
{
    float tile_a[TILE][TILE], tile_b[TILE][TILE], sums[TILE][TILE];
    for (int by = first_block_row; by < end_block_row; by++)
        for (int bx = 0; bx < n / TILE; bx++) {
            memset(sums, 0, sizeof sums);
            for (int t = 0; t < n; t += TILE) {
                for (int y = 0; y < TILE; y++)
                    for (int x = 0; x < TILE; x++) {
                        tile_a[y][x] = a[(by * TILE + y) * n + t + x];
                        tile_b[y][x] = b[(t + y) * n + bx * TILE + x];
                    }
                for (int y = 0; y < TILE; y++)
                    for (int x = 0; x < TILE; x++) {
                        float sum = sums[y][x];
                        for (int k = 0; k < TILE; k++) sum = fmaf(tile_a[y][k], tile_b[k][x], sum);
                        sums[y][x] = sum;
                    }
            }
            for (int y = 0; y < TILE; y++)
                for (int x = 0; x < TILE; x++) c[(by * TILE + y) * n + bx * TILE + x] = sums[y][x];
        }
}

void attract(const float *bodies, float *out, int n, int first, int end)
{
    float tile[TILE_BODIES][4], sums[TILE_BODIES][3];
    for (int block = first; block < end; block += TILE_BODIES) {
        memset(sums, 0, sizeof sums);
        for (int t = 0; t < n; t += TILE_BODIES) {
            memcpy(tile, bodies + 4 * t, sizeof tile);
            for (int i = 0; i < TILE_BODIES; i++) {
                const float *me = bodies + 4 * (block + i);
                float ax = sums[i][0], ay = sums[i][1], az = sums[i][2];
                for (int j = 0; j < TILE_BODIES; j++) {
                    float dx = tile[j][0] - me[0], dy = tile[j][1] - me[1], dz = tile[j][2] - me[2];
                    float distance = fmaf(dx, dx, fmaf(dy, dy, fmaf(dz, dz, 0.01f)));
                    float inverse = 1.0f / sqrtf(distance);
                    float force = tile[j][3] * inverse * inverse * inverse;
                    ax = fmaf(dx, force, ax);
                    ay = fmaf(dy, force, ay);
                    az = fmaf(dz, force, az);
                }
                sums[i][0] = ax;
                sums[i][1] = ay;
                sums[i][2] = az;
            }
        }
        for (int i = 0; i < TILE_BODIES; i++) {
            memcpy(out + 4 * (block + i), sums[i], sizeof sums[i]);
            out[4 * (block + i) + 3] = 0;
        }
    }
}

void reduce(const float *in, float *out, int first_block, int end_block)
{
    float partial[REDUCTION_THREADS];
    for (int block = first_block; block < end_block; block++) {
        const float *chunk = in + (size_t)block * REDUCTION_CHUNK;
        for (int t = 0; t < REDUCTION_THREADS; t++) {
            float sum = 0;
            for (int k = 0; k < REDUCTION_CHUNK; k += REDUCTION_THREADS) sum += chunk[k + t];
            partial[t] = sum;
        }
        for (int half = REDUCTION_THREADS / 2; half > 0; half /= 2)
            for (int t = 0; t < half; t++) partial[t] += partial[t + half];
        out[block] = partial[0];
    }
}
