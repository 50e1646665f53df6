/// `bitfusion manager`, the appliance's one service: founds a pool or joins one, runs ZooKeeper and
/// the dispatcher, answers `/api/v1`; never decides who gets a GPU and never reads a CUDA call.
@NullMarked
package org.bitfusion.manager;

import org.jspecify.annotations.NullMarked;
