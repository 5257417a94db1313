import type { Permission } from '@/api';
import { useMe } from '@/state/queries/me';

/** Whether the person may do something: what they may not do is not shown. */
export function useMay(): (permission: Permission) => boolean {
  const permissions = useMe().data?.user.permissions ?? [];
  return (permission) => permissions.includes(permission);
}
