package org.bitfusion.protocol;

import java.util.OptionalInt;
import org.bitfusion.protocol.message.WireConstants;

/// The versions of the protocol that one side speaks, from `minimum` to `maximum`.
public record VersionRange(int minimum, int maximum) {
    /// What this build speaks.
    public static final VersionRange OWN =
            new VersionRange(WireConstants.PROTOCOL_MINIMUM, WireConstants.PROTOCOL_VERSION);

    /// @return the highest version that both sides speak; empty if there is none
    public OptionalInt common(VersionRange other) {
        int highest = Math.min(maximum, other.maximum);
        return highest >= Math.max(minimum, other.minimum)
                ? OptionalInt.of(highest)
                : OptionalInt.empty();
    }

    /// @return whether this side speaks the version
    public boolean contains(int version) {
        return version >= minimum && version <= maximum;
    }

    /// @return `2`, or `2 to 3`
    @Override
    public String toString() {
        return minimum == maximum
                ? Integer.toString(maximum)
                : Integer.toUnsignedString(minimum) + " to " + Integer.toUnsignedString(maximum);
    }
}
