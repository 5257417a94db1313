import type { LinkProps } from '@tanstack/react-router';
import type { ParseKeys } from 'i18next';

import type { Permission } from '@/api';

interface Page {
  to: NonNullable<LinkProps['to']>;
  label: ParseKeys;
  permission: Permission | null;
}

/** The pages of the desk in their order. What the role may not do is not shown: `permission` as /v1/me names it. */
export const NAVIGATION: readonly Page[] = [{ to: '/desk', label: 'desk.board.title', permission: null }];
