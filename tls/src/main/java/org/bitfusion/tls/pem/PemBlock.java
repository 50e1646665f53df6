package org.bitfusion.tls.pem;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;

/// One block of PEM text (RFC 7468): `-----BEGIN LABEL-----`, base64, `-----END LABEL-----`. Text
/// around blocks is allowed, as tools write it; a block without its end is not.
public final class PemBlock {
    /// More text than that is no set of certificates.
    static final int LIMIT = 1 << 20;

    private static final String BEGIN = "-----BEGIN ";
    private static final Pattern FIRST = Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----");

    private final String label;
    private final byte[] content;

    public PemBlock(String label, byte[] content) {
        this.label = label;
        this.content = content.clone();
    }

    public String label() {
        return label;
    }

    public byte[] content() {
        return content.clone();
    }

    public String text() {
        String body =
                Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                        .encodeToString(content);
        return BEGIN + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }

    /// All blocks of a text, none of them cut.
    ///
    /// @throws TlsException PEM_MALFORMED, with the line's number
    public static List<PemBlock> readAll(String text) {
        if (text.length() > LIMIT) {
            throw malformed(0, "is longer than " + LIMIT + " characters");
        }
        List<PemBlock> blocks = new ArrayList<>();
        List<String> lines = text.lines().map(String::strip).toList();
        for (int number = 0; number < lines.size(); number++) {
            Matcher first = FIRST.matcher(lines.get(number));
            if (!first.matches()) {
                if (lines.get(number).startsWith("-----")) {
                    throw malformed(number + 1, "is no beginning of a block");
                }
                continue;
            }
            String last = "-----END " + first.group(1) + "-----";
            int end = number + 1;
            StringBuilder body = new StringBuilder();
            while (end < lines.size() && !lines.get(end).equals(last)) {
                if (lines.get(end).startsWith("-----")) {
                    throw malformed(end + 1, "stands where \"" + last + "\" was expected");
                }
                body.append(lines.get(end++));
            }
            if (end == lines.size()) {
                throw malformed(number + 1, "begins a block that has no \"" + last + "\"");
            }
            blocks.add(new PemBlock(first.group(1), decode(body.toString(), number + 1)));
            number = end;
        }
        return blocks;
    }

    private static byte[] decode(String body, int line) {
        try {
            return Base64.getDecoder().decode(body);
        } catch (IllegalArgumentException exception) {
            throw malformed(line, "begins a block that is not base64");
        }
    }

    private static TlsException malformed(int line, String what) {
        String where = line == 0 ? "PEM text " : "PEM text, line " + line + " ";
        return new TlsException(TlsError.PEM_MALFORMED, where + what);
    }

    /// Without the content: it may be a key.
    @Override
    public String toString() {
        return "PemBlock[" + label + ", " + content.length + " bytes]";
    }
}
