import { Badge } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export function ActiveBadge({ isActive }: { isActive: boolean }) {
  const { t } = useTranslation();
  return (
    <Badge variant="light" tt="none" size="lg" color={isActive ? 'pine' : 'gray'}>
      {t(isActive ? 'office.active' : 'office.inactive')}
    </Badge>
  );
}
