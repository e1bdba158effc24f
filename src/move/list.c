#include "move/type.h"

static uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool element_next(struct bytes value, size_t *offset, struct bytes *element)
{
    if (*offset > value.n || value.n - *offset < 4)
        return false;
    uint32_t length = read_u32(value.p + *offset);
    if (length > INT32_MAX) {
        *element = bytes_null();
        *offset += 4;
        return true;
    }
    if (value.n - *offset - 4 < length)
        return false;
    *element = (struct bytes){value.p + *offset + 4, length};
    *offset += 4 + (size_t)length;
    return true;
}

int elements_count(struct bytes value, int each)
{
    if (bytes_are_null(value))
        return 0;
    if (value.n < 4)
        return -1;
    uint32_t count = read_u32(value.p);
    if (count > (value.n - 4) / 4 / (size_t)each || count > INT32_MAX / 2)
        return -1;
    size_t offset = 4;
    struct bytes element;
    for (uint32_t i = 0; i < count * (uint32_t)each; i++)
        if (!element_next(value, &offset, &element))
            return -1;
    return offset == value.n ? (int)count : -1;
}

int list_count(struct bytes list)
{
    return elements_count(list, 1);
}

bool list_next(struct bytes list, size_t *cursor, struct bytes *element)
{
    if (*cursor == 0)
        *cursor = 4;
    return element_next(list, cursor, element);
}

size_t list_begin(struct buf *b)
{
    size_t start = b->n;
    buf_append_u32(b, 0);
    return start;
}

void list_add(struct buf *b, struct bytes element)
{
    if (element.n > INT32_MAX) {
        b->failed = true;
        return;
    }
    buf_append_u32(b, bytes_are_null(element) ? UINT32_MAX : (uint32_t)element.n);
    if (element.n)
        buf_append_bytes(b, element);
}

void list_end(struct buf *b, size_t start, uint32_t count)
{
    if (!b->failed)
        buf_put_u32(b, start, count);
}

bool value_int(struct bytes value, int32_t *out)
{
    if (bytes_are_null(value) || value.n != 4)
        return false;
    *out = (int32_t)read_u32(value.p);
    return true;
}

bool value_bigint(struct bytes value, int64_t *out)
{
    if (bytes_are_null(value) || value.n != 8)
        return false;
    *out = (int64_t)((uint64_t)read_u32(value.p) << 32 | read_u32(value.p + 4));
    return true;
}

bool value_boolean(struct bytes value, bool *out)
{
    if (bytes_are_null(value) || value.n != 1)
        return false;
    *out = value.p[0] != 0;
    return true;
}
