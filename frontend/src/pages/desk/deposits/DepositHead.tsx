import { Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { ButtonTo } from '../parts/links';
import { PageHead } from '../parts/PageHead';
import { useMay } from '../parts/useMay';

const PAGES = [
  { to: '/desk/deposits', label: 'deposits.every', permission: 'deposits:read' },
  { to: '/desk/deposits/queue', label: 'deposits.queue.title', permission: 'deposits:validate' },
  { to: '/desk/deposits/statistics', label: 'deposits.statistics.title', permission: 'deposits:read' },
  { to: '/desk/deposits/new', label: 'deposits.new.title', permission: 'deposits:write' },
] as const;

/** The title of a page about deposits, and the way to the others that the role may see. */
export function DepositHead({ title }: { title: string }) {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <>
      <PageHead title={title} />
      <Group component="nav" gap="xs" className="no-print" aria-label={t('deposits.pages')}>
        {PAGES.filter((page) => may(page.permission)).map((page) => (
          <ButtonTo
            key={page.to}
            to={page.to}
            variant="default"
            activeOptions={{ exact: true }}
            activeProps={{ 'aria-current': 'page', variant: 'light' }}
          >
            {t(page.label)}
          </ButtonTo>
        ))}
      </Group>
    </>
  );
}
