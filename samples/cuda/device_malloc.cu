// Kernels build linked lists from the device heap, others walk and free them.
#include "sample.h"

struct Node {
    int value;
    Node *next;
};

__global__ void build(Node **lists, int length)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Node *head = nullptr;
    for (int k = 0; k < length; k++) {
        Node *node = static_cast<Node *>(malloc(sizeof(Node)));
        if (!node) break;
        node->value = i * k;
        node->next = head;
        head = node;
    }
    lists[i] = head;
}

__global__ void walk(Node **lists, long long *sums, int *lengths)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    for (Node *node = lists[i]; node;) {
        sums[i] += node->value;
        lengths[i]++;
        Node *next = node->next;
        free(node);
        node = next;
    }
}

__global__ void tooMuch(int *refused)
{
    void *memory = malloc(size_t(1) << 40);
    *refused = memory == nullptr;
}

int main(int argc, char **argv)
{
    const int length = sample::size(argc, argv, 10), threads = 256, rounds = 3;
    CUDA(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 16 << 20));
    sample::Device<Node *> lists(threads);
    for (int round = 0; round < rounds; round++) {
        sample::Device<long long> sums(threads);
        sample::Device<int> lengths(threads);
        sums.zero();
        lengths.zero();
        build<<<2, threads / 2>>>(lists.get(), length);
        walk<<<4, threads / 4>>>(lists.get(), sums.get(), lengths.get());
        sample::launched();
        std::vector<long long> sum = sums.host();
        std::vector<int> walked = lengths.host();
        for (int i = 0; i < threads; i++)
            if (walked[i] != length || sum[i] != (long long)i * length * (length - 1) / 2)
                return sample::failed("list %d has %d nodes, sum %lld", i, walked[i], sum[i]);
    }
    sample::Device<int> refused(1);
    refused.zero();
    tooMuch<<<1, 1>>>(refused.get());
    if (refused.host()[0] != 1) return sample::failed("a terabyte was not refused");
    std::printf("device malloc: %d lists of %d nodes, %d times\n", threads, length, rounds);
    return sample::passed();
}
