import { Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** Of a part of the page, not of the page. */
  isPart?: boolean;
  children?: ReactNode;
}

export function PageHead({ title, isPart = false, children }: Props) {
  return (
    <Group justify="space-between" gap="sm">
      <Title order={isPart ? 2 : 1} size={isPart ? 'h3' : 'h2'}>
        {title}
      </Title>
      <Group gap="xs" className="no-print">
        {children}
      </Group>
    </Group>
  );
}
