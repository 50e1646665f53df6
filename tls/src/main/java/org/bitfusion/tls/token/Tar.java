package org.bitfusion.tls.token;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;

/// A few small files as a POSIX tar archive (IEEE Std 1003.1, pax, "ustar Interchange Format"):
///
/// ```
/// +--------+------+-----+-----+------+-------+----------+------+-----+-------------------+
/// | name   | mode | uid | gid | size | mtime | checksum | type | ... | "ustar" 0 "00" .. |  512 bytes
/// | 100    | 8    | 8   | 8   | 12   | 12    | 8        | 1    |     |                   |
/// +--------+------+-----+-----+------+-------+----------+------+-----+-------------------+
/// | content, filled up with zeros to whole blocks of 512 bytes                           |
/// +--------------------------------------------------------------------------------------+
/// | ... more files, two blocks of zeros                                                  |
/// +--------------------------------------------------------------------------------------+
/// ```
///
/// Read are plain files without folders, as many and as long as a token's download has.
final class Tar {
    static final int MOST_BYTES = 1 << 20;

    private static final int BLOCK = 512;
    private static final int MOST_FILES = 16;
    private static final int NAME_LENGTH = 100;
    private static final int SIZE_AT = 124;
    private static final int CHECKSUM_AT = 148;
    private static final int TYPE_AT = 156;

    private Tar() {}

    /// @param mode as `0600`
    record Entry(String name, int mode, String text) {}

    static byte[] write(Iterable<Entry> entries, Instant modified) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            byte[] content = entry.text().getBytes(StandardCharsets.UTF_8);
            out.writeBytes(header(entry, content.length, modified));
            out.writeBytes(Arrays.copyOf(content, roundUp(content.length)));
        }
        out.writeBytes(new byte[2 * BLOCK]);
        return out.toByteArray();
    }

    private static byte[] header(Entry entry, int length, Instant modified) {
        byte[] header = new byte[BLOCK];
        put(header, 0, entry.name());
        put(header, 100, "%07o".formatted(entry.mode()));
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, SIZE_AT, "%011o".formatted(length));
        put(header, 136, "%011o".formatted(modified.getEpochSecond()));
        header[TYPE_AT] = '0';
        put(header, 257, "ustar");
        put(header, 263, "00");
        put(header, 265, "root");
        put(header, 297, "root");
        put(header, CHECKSUM_AT, "%06o\0 ".formatted(checksum(header)));
        return header;
    }

    /// The sum of all bytes of the header, the checksum's own taken for blanks.
    private static int checksum(byte[] header) {
        int sum = 0;
        for (int at = 0; at < BLOCK; at++) {
            boolean own = at >= CHECKSUM_AT && at < CHECKSUM_AT + 8;
            sum += own ? ' ' : header[at] & 0xff;
        }
        return sum;
    }

    /// The files' texts by name.
    ///
    /// @throws TlsException DOWNLOAD_MALFORMED
    static Map<String, String> read(byte[] archive) {
        if (archive.length > MOST_BYTES) {
            throw malformed("is longer than a MiB");
        }
        Map<String, String> files = new LinkedHashMap<>();
        int at = 0;
        while (true) {
            if (at + BLOCK > archive.length) {
                throw malformed("has no end");
            }
            byte[] header = Arrays.copyOfRange(archive, at, at + BLOCK);
            if (isZero(header)) {
                return files;
            }
            if (octal(header, CHECKSUM_AT, 8) != checksum(header)) {
                throw malformed("has a wrong checksum");
            }
            String name = name(header);
            long length = octal(header, SIZE_AT, 12);
            at += BLOCK;
            if (length > archive.length - at) {
                throw malformed("is cut within " + name);
            }
            if (files.size() == MOST_FILES || files.containsKey(name)) {
                throw malformed("has too many files, or one twice");
            }
            files.put(name, new String(archive, at, (int) length, StandardCharsets.UTF_8));
            at += roundUp((int) length);
        }
    }

    private static String name(byte[] header) {
        int end = 0;
        while (end < NAME_LENGTH && header[end] != 0) {
            end++;
        }
        String name = new String(header, 0, end, StandardCharsets.US_ASCII);
        String plain = name.startsWith("./") ? name.substring(2) : name;
        boolean isFile = header[TYPE_AT] == '0' || header[TYPE_AT] == 0;
        if (!isFile || !plain.matches("[a-z]+[.][a-z]+")) {
            throw malformed("holds something else than ca.crt, client.yaml and servers.conf");
        }
        return plain;
    }

    private static long octal(byte[] header, int at, int length) {
        String digits =
                new String(header, at, length, StandardCharsets.ISO_8859_1)
                        .replace('\0', ' ')
                        .strip();
        if (!digits.matches("[0-7]{1,11}")) {
            throw malformed("has a header that makes no sense");
        }
        return Long.parseLong(digits, 8);
    }

    private static boolean isZero(byte[] block) {
        for (byte value : block) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    private static int roundUp(int length) {
        return (length + BLOCK - 1) / BLOCK * BLOCK;
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static TlsException malformed(String what) {
        return new TlsException(
                TlsError.DOWNLOAD_MALFORMED,
                "the token's download "
                        + what
                        + "; download it again: bitfusion token download ID");
    }
}
