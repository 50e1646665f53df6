/// What the appliances of a pool know in common, kept in ZooKeeper: nobody else knows ZooKeeper or
/// Curator. Here what can go wrong, and what a member is.
@NullMarked
package org.bitfusion.cluster;

import org.jspecify.annotations.NullMarked;
