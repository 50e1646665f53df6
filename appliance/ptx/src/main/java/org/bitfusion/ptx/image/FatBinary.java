package org.bitfusion.ptx.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A fat binary: PTX and machine code for several architectures, each entry perhaps compressed.
///
/// ```
/// header: u32 0xBA55ED50 | u16 version 1 | u16 16 | u64 bytes of all entries
/// entry:  u16 kind | u16 0x0101 | u32 header bytes | u64 padded bytes | u32 compressed bytes | u32 options
///         | u16 minor | u16 major | u32 architecture | u32 name offset | u32 name length | u64 flags | u64 0 | u64 bytes
/// ```
public final class FatBinary {
    private static final int MAGIC = 0xBA55ED50;
    private static final int ENTRY_BYTES = 64;
    private static final int MAXIMUM_ENTRIES = 4096;
    private static final int MAXIMUM_BYTES = 256 << 20;
    private static final long FLAG_LZ4 = 0x2000;
    private static final long FLAG_ZSTD = 0x8000;

    private FatBinary() {}

    /// What an entry holds.
    public enum Kind {
        PTX,
        ELF,
        OTHER
    }

    /// One entry; its bytes stay compressed until asked for.
    ///
    /// @param architecture for instance 80 for compute capability 8.0
    public record Entry(Kind kind, int architecture, ByteBuffer stored, long flags, int byteCount) {
        /// The contents.
        ///
        /// @throws ImageException when they cannot be decompressed
        public byte[] bytes() {
            byte[] input = new byte[stored.remaining()];
            stored.duplicate().get(input);
            if ((flags & FLAG_ZSTD) != 0) {
                return Zstd.decompress(input, 0, input.length, byteCount);
            }
            if ((flags & FLAG_LZ4) != 0) {
                return Lz4.decompress(input, 0, input.length, byteCount);
            }
            return input;
        }

        /// The contents as text, without what follows a NUL.
        public String text() {
            return untilNul(bytes());
        }
    }

    /// True when `image` starts as a fat binary.
    public static boolean isFatBinary(ByteBuffer image) {
        return image.remaining() >= 16 && little(image).getInt(image.position()) == MAGIC;
    }

    /// True when `image` starts as an ELF file: machine code.
    public static boolean isElf(ByteBuffer image) {
        return image.remaining() >= 4
                && little(image).order(ByteOrder.BIG_ENDIAN).getInt(image.position()) == 0x7F454C46;
    }

    /// The entries of all containers that follow each other in `image`.
    ///
    /// @throws ImageException when the image is malformed or truncated
    public static List<Entry> entries(ByteBuffer image) {
        List<Entry> entries = new ArrayList<>();
        ByteBuffer rest = little(image);
        do {
            container(rest, entries);
        } while (isFatBinary(rest));
        return entries;
    }

    private static void container(ByteBuffer rest, List<Entry> entries) {
        if (!isFatBinary(rest)) {
            throw new ImageException("no fat binary");
        }
        int start = rest.position();
        int headerBytes = rest.getShort(start + 6) & 0xFFFF;
        long byteCount = rest.getLong(start + 8);
        if (headerBytes < 16 || byteCount < 0 || byteCount > rest.remaining() - headerBytes) {
            throw new ImageException("a fat binary ends early");
        }
        int end = start + headerBytes + (int) byteCount;
        int at = start + headerBytes;
        while (end - at >= ENTRY_BYTES) {
            at = entry(rest, at, end, entries);
        }
        rest.position(end);
    }

    private static int entry(ByteBuffer image, int at, int end, List<Entry> entries) {
        int kind = image.getShort(at) & 0xFFFF;
        long headerBytes = image.getInt(at + 4) & 0xFFFF_FFFFL;
        long padded = image.getLong(at + 8);
        long compressed = image.getInt(at + 16) & 0xFFFF_FFFFL;
        int architecture = image.getInt(at + 28);
        long flags = image.getLong(at + 40);
        long plain = image.getLong(at + 56);
        if (headerBytes < ENTRY_BYTES
                || padded < 0
                || headerBytes > end - at
                || padded > end - at - headerBytes
                || entries.size() >= MAXIMUM_ENTRIES) {
            throw new ImageException("an entry of a fat binary lies outside of it");
        }
        boolean packed = (flags & (FLAG_LZ4 | FLAG_ZSTD)) != 0;
        long stored = packed && compressed > 0 ? compressed : padded;
        long byteCount = packed ? plain : padded;
        if (stored > padded || byteCount < 0 || byteCount > MAXIMUM_BYTES) {
            throw new ImageException("an entry of a fat binary has impossible sizes");
        }
        Kind meaning =
                switch (kind) {
                    case 1 -> Kind.PTX;
                    case 2 -> Kind.ELF;
                    default -> Kind.OTHER;
                };
        ByteBuffer bytes = image.slice(at + (int) headerBytes, (int) stored);
        entries.add(new Entry(meaning, architecture, bytes, flags, (int) byteCount));
        return at + (int) (headerBytes + padded);
    }

    /// The PTX for a device of compute capability `architecture` (for instance 80) in any image
    /// that a loader may be handed: a fat binary, PTX text, or machine code, which gives nothing.
    ///
    /// @throws ImageException when the image is malformed
    public static Optional<String> ptxFor(ByteBuffer image, int architecture) {
        if (isElf(image)) {
            return Optional.empty();
        }
        if (!isFatBinary(image)) {
            byte[] bytes = new byte[image.remaining()];
            image.duplicate().get(bytes);
            return Optional.of(untilNul(bytes));
        }
        Entry best = null;
        for (Entry entry : entries(image)) {
            boolean fits = entry.kind() == Kind.PTX && entry.architecture() <= architecture;
            if (fits && (best == null || entry.architecture() > best.architecture())) {
                best = entry;
            }
        }
        return Optional.ofNullable(best).map(Entry::text);
    }

    private static String untilNul(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
    }

    private static ByteBuffer little(ByteBuffer image) {
        return image.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }
}
