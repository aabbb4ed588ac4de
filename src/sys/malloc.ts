import { foreign } from './ffi.ts'

/**
 * Gives the free memory of the C library's heaps back to the system, malloc_trim(3). Does nothing with another C
 * library than glibc, which is the only one that keeps it.
 */
export function trimHeaps(): void {
  try {
    foreign('c', 'malloc_trim', 1)(0)
  } catch {
    // There is no such function: this is musl.
  }
}
