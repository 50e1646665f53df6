/// Who is a member, who votes, who leads; growing and shrinking without a stop.
@NullMarked
package org.bitfusion.cluster.ensemble;

import org.jspecify.annotations.NullMarked;
