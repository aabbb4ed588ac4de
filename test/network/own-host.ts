import { readlinkSync } from 'node:fs'
import { CLONE } from '../../src/sys/constants.ts'
import { linux } from '../../src/sys/kernel.ts'

/**
 * What this process takes for the host is a network namespace of its own, so that nothing of the machine is touched and
 * no two test files meet. It ends with the process. To be imported before everything else, for its effect: the network
 * layer remembers the namespace in which it was loaded.
 */
export const skip = process.getuid?.() !== 0 && 'needs root'

/** That of the machine itself. */
export const machineNamespace = readlinkSync('/proc/thread-self/ns/net')

if (!skip) linux.unshare(CLONE.NEWNET)
