/// Tests of who gets a certificate.
@NullMarked
package org.bitfusion.tls.enrolment;

import org.jspecify.annotations.NullMarked;
