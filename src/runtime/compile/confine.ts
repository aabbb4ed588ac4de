import type { ProgramBuilder } from '../program.ts'
import type { ProcessFacts } from './facts.ts'
import { writeFile } from './steps.ts'

/**
 * The AppArmor profile that holds from the next exec(2) on; children inherit the wish. While /proc is the host's, which
 * nobody in the container can have put anything over (CVE-2019-16884, CVE-2025-52881).
 */
export function confine(program: ProgramBuilder, { confinement }: ProcessFacts): void {
  if (!confinement) return
  const { file, profile } = confinement
  writeFile(program, file, `exec ${profile}`, `apply the AppArmor profile ${profile}`)
}
