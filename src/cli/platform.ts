/** The flag `--platform` as an option of the engine's operations. */
export const forPlatform = ({ platform }: { readonly platform?: string }): { platform?: string } =>
  platform === undefined ? {} : { platform }
