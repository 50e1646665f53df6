#include "contexts/devices.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "program/log.h"
#include "objects/state.h"

static struct bf_device *all[BF_MAX_DEVICES];
static int all_count; /* of the workers that this attempt has opened */

static void copy_text(char *out, size_t bytes, const struct bf_view *text)
{
    size_t count = text->bytes < bytes - 1 ? text->bytes : bytes - 1;
    memcpy(out, text->data, count);
    out[count] = 0;
}

static void read_attributes(struct bf_device *device, const struct bf_view *attributes)
{
    struct bf_reader reader = {attributes->data, attributes->data + attributes->bytes};
    struct bf_device_attribute one;
    device->image_kinds = BF_IMAGES_PTX;
    for (uint32_t i = 0; i < attributes->count && bf_device_attribute_take(&reader, &one); i++) {
        if (one.attribute == BF_ATTRIBUTE_IMAGE_KINDS)
            device->image_kinds = (uint32_t)one.value;
        else if (one.attribute < BF_ATTRIBUTES)
            device->attributes[one.attribute] = one.value;
    }
}

void bf_devices_forget(void)
{
    all_count = 0;
}

static bool lies_in_window(const struct bf_worker *worker, const struct bf_device_snapshot *device)
{
    uint64_t offset = device->window_base - worker->window_base;
    bool good = device->window_bytes && offset < worker->window_bytes &&
                device->window_bytes <= worker->window_bytes - offset;
    if (!good)
        bf_log(BF_LOG_ERROR, "%s: a device's addresses are not of the window that it was given",
               worker->name);
    return good;
}

bool bf_devices_add(struct bf_worker *worker, const uint8_t *body, size_t bytes)
{
    struct bf_session_devices message;
    if (!bf_session_devices_read(body, bytes, &message))
        return false;
    worker->driver_version = message.driver_version;
    struct bf_reader reader = {message.devices.data, message.devices.data + message.devices.bytes};
    struct bf_device_snapshot snapshot;
    for (uint32_t i = 0; i < message.devices.count && bf_device_snapshot_take(&reader, &snapshot);
         i++) {
        if (!lies_in_window(worker, &snapshot))
            return false;
        struct bf_device *device = calloc(1, sizeof *device);
        if (!device || all_count == BF_MAX_DEVICES) {
            free(device);
            break;
        }
        device->worker = worker;
        device->index = i;
        copy_text(device->name, sizeof device->name, &snapshot.name);
        copy_text(device->pci_bus_id, sizeof device->pci_bus_id, &snapshot.pci_bus_id);
        memcpy(device->uuid, snapshot.uuid, sizeof device->uuid);
        device->luid = snapshot.luid;
        device->node_mask = snapshot.node_mask;
        device->total_bytes = snapshot.total_bytes;
        device->peers = snapshot.peers;
        read_attributes(device, &snapshot.attributes);
        all[all_count++] = device;
    }
    return true;
}

static int compare_pci(const struct bf_device *a, const struct bf_device *b)
{
    static const int keys[] = {CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID, CU_DEVICE_ATTRIBUTE_PCI_BUS_ID,
                               CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID};
    int order = 0;
    for (size_t i = 0; i < 3 && !order; i++)
        order = a->attributes[keys[i]] - b->attributes[keys[i]];
    return order;
}

/* "GPU-" and hexadecimal digits, at least the first few, of the device's UUID. */
static bool names_uuid(const char *text, const struct bf_device *device)
{
    char uuid[33];
    for (int i = 0; i < 16; i++) {
        uuid[2 * i] = "0123456789abcdef"[device->uuid[i] >> 4];
        uuid[2 * i + 1] = "0123456789abcdef"[device->uuid[i] & 15];
    }
    uuid[32] = 0;
    if (strncasecmp(text, "GPU-", 4))
        return false;
    int at = 0;
    for (text += 4; *text; text++) {
        if (*text == '-')
            continue;
        if (at == 32 || (*text | 32) != uuid[at++])
            return false;
    }
    return at > 0;
}

/* The device that one word of CUDA_VISIBLE_DEVICES names, or NULL. */
static struct bf_device *named(struct bf_device **devices, int count, const char *word)
{
    char *end;
    long index = strtol(word, &end, 10);
    if (end != word && !*end)
        return index >= 0 && index < count ? devices[index] : NULL;
    struct bf_device *found = NULL;
    for (int i = 0; i < count; i++) {
        if (names_uuid(word, devices[i])) {
            if (found)
                return NULL; /* ambiguous */
            found = devices[i];
        }
    }
    return found;
}

/* As libcuda: the list ends at the first word that names nothing; a device named twice leaves none.
 */
static void choose(struct bf_device **devices, int count, const char *visible)
{
    char text[4096], *rest = NULL;
    strncpy(text, visible, sizeof text - 1);
    text[sizeof text - 1] = 0;
    for (char *word = strtok_r(text, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest)) {
        struct bf_device *device = named(devices, count, word);
        if (!device)
            break;
        for (int i = 0; i < bf_state.device_count; i++) {
            if (bf_state.devices[i] == device) {
                bf_state.device_count = 0;
                return;
            }
        }
        bf_state.devices[bf_state.device_count++] = device;
    }
}

void bf_devices_choose(void)
{
    struct bf_device *ordered[BF_MAX_DEVICES];
    const char *order = getenv("CUDA_DEVICE_ORDER");
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    for (int i = 0; i < all_count; i++) {
        int place = i;
        while (order && !strcmp(order, "PCI_BUS_ID") && place > 0 &&
               compare_pci(ordered[place - 1], all[i]) > 0) {
            ordered[place] = ordered[place - 1];
            place--;
        }
        ordered[place] = all[i];
    }
    bf_state.device_count = 0;
    if (visible) {
        choose(ordered, all_count, visible);
    } else {
        memcpy(bf_state.devices, ordered, sizeof ordered[0] * (size_t)all_count);
        bf_state.device_count = all_count;
    }
    bf_devices_forget();
}

CUresult bf_device_of(CUdevice ordinal, struct bf_device **device)
{
    if (ordinal < 0 || ordinal >= bf_state.device_count)
        return CUDA_ERROR_INVALID_DEVICE;
    *device = bf_state.devices[ordinal];
    return CUDA_SUCCESS;
}

int bf_ordinal_of(const struct bf_device *device)
{
    int ordinal = 0;
    while (ordinal < bf_state.device_count && bf_state.devices[ordinal] != device)
        ordinal++;
    return ordinal;
}
