/** Names of the Container Device Interface (SPEC.md, "Kind" and "CDI Devices"). */
const label = '[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?'
const kindPattern = new RegExp(`^${label}/${label}$`)
const qualifiedPattern = new RegExp(`^${label}/${label}=[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$`)

/** `vendor.com/class` */
export const isKind = (text: string): boolean => kindPattern.test(text)

/** `vendor.com/class=name`, which no path of a device is. */
export const isQualifiedName = (text: string): boolean => qualifiedPattern.test(text)
