package org.bitfusion.tls.site;

import java.util.List;
import org.bitfusion.tls.identity.Identity;

/// Whether a site's own certificate can serve the web port.
public sealed interface SiteCheck {
    /// @param identity key and chain in order, as it is to be shown
    /// @param warnings what users of the web port may stumble over
    record Usable(Identity identity, List<String> warnings) implements SiteCheck {
        public Usable {
            warnings = List.copyOf(warnings);
        }
    }

    /// @param problems each with what to do
    record Unusable(List<String> problems) implements SiteCheck {
        public Unusable {
            problems = List.copyOf(problems);
        }
    }
}
