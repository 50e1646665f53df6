/// Enrolment tokens and their download; never keeps a token's secret in clear.
@NullMarked
package org.bitfusion.tls.token;

import org.jspecify.annotations.NullMarked;
