import type { EscapeCharacter } from './dockerfile.ts'

/** The variables an instruction sees. A value: every instruction gets the scope that the one before it left. */
export interface Scope {
  /** The environment of the base image, ENV and ARG so far; of one name, the later wins. */
  readonly environment: ReadonlyMap<string, string>
  /** ARGs declared in the stage so far and in the stages it is based on, with their effective values. */
  readonly args: ReadonlyMap<string, string | undefined>
  /** Has there been an absolute WORKDIR in the file? Only for a warning. */
  readonly workdirSet: boolean
  readonly given: GivenToStages
}

/** What a build gives to all its stages. */
export interface GivenToStages {
  readonly escape: EscapeCharacter
  /** `--build-arg`; these win over the defaults in the file. */
  readonly buildArgs: ReadonlyMap<string, string>
  /** The evaluated ARGs before the first FROM, and the platforms: for a stage that declares them. */
  readonly globalArgs: ReadonlyMap<string, string>
}
