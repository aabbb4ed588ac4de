/** The variables an instruction sees. A value: every instruction gets the scope that the one before it left. */
export interface Scope {
  /** The environment of the image so far: the base image's, and ENV. */
  readonly environment: ReadonlyMap<string, string>
  /** ARGs declared in the stage so far, with their effective values; in the order of declaration. */
  readonly args: ReadonlyMap<string, string | undefined>
  /** What the stage began with: see {@link StageArguments}. */
  readonly given: StageArguments
}

/** What a build gives to all its stages. */
export interface StageArguments {
  /** `--build-arg`; these win over the defaults in the file. */
  readonly buildArgs: ReadonlyMap<string, string>
  /** The evaluated ARGs before the first FROM. */
  readonly globalArgs: ReadonlyMap<string, string | undefined>
  /** BUILDPLATFORM, TARGETARCH and so on: known to FROM lines, and to a stage that declares them. */
  readonly platformArgs: ReadonlyMap<string, string>
}
