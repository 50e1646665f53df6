/// Token or present certificate + signing request to a certificate chain or a refusal; never
/// answers the network itself.
@NullMarked
package org.bitfusion.tls.enrolment;

import org.jspecify.annotations.NullMarked;
