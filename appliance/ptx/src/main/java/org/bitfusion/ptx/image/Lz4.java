package org.bitfusion.ptx.image;

/// Decodes one raw LZ4 block.
public final class Lz4 {
    private Lz4() {}

    /// Decodes `input[start, end)` into exactly `byteCount` bytes.
    ///
    /// @throws ImageException when the input is malformed or gives another size
    public static byte[] decompress(byte[] input, int start, int end, int byteCount) {
        byte[] output = new byte[byteCount];
        try {
            int written = new Decoder(input, start, end, output).decode();
            if (written != byteCount) {
                throw new ImageException("LZ4: " + written + " bytes instead of " + byteCount);
            }
        } catch (IndexOutOfBoundsException truncated) {
            throw new ImageException("LZ4: malformed or truncated");
        }
        return output;
    }

    private static final class Decoder {
        private final byte[] input;
        private final int end;
        private final byte[] output;
        private int position;
        private int written;

        Decoder(byte[] input, int start, int end, byte[] output) {
            this.input = input;
            this.position = start;
            this.end = end;
            this.output = output;
        }

        int decode() {
            while (position < end && written < output.length) {
                int token = input[position++] & 0xFF;
                int literals = length(token >> 4);
                if (literals > end - position) {
                    throw new ImageException("LZ4: literals end early");
                }
                System.arraycopy(input, position, output, written, literals);
                position += literals;
                written += literals;
                if (position < end && written < output.length) {
                    match(token & 15);
                }
            }
            return written;
        }

        private void match(int coded) {
            int offset = (input[position] & 0xFF) | (input[position + 1] & 0xFF) << 8;
            position += 2;
            int count = length(coded) + 4;
            if (offset == 0 || offset > written || count > output.length - written) {
                throw new ImageException("LZ4: a match lies outside of the output");
            }
            for (int index = 0; index < count; index++, written++) {
                output[written] = output[written - offset];
            }
        }

        private int length(int coded) {
            int length = coded;
            if (coded == 15) {
                int more;
                do {
                    more = input[position++] & 0xFF;
                    length += more;
                    if (length < 0) {
                        throw new ImageException("LZ4: a length is too large");
                    }
                } while (more == 255);
            }
            return length;
        }
    }
}
