import { ActionIcon, Menu, useMantineColorScheme } from '@mantine/core';
import type { MantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { changeLanguage, LANGUAGES } from '@/i18n';
import type { Language } from '@/i18n';

const SCHEMES: MantineColorScheme[] = ['light', 'dark', 'auto'];

/** Language and appearance of this device. */
export function Preferences() {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon aria-label={t('common.preferences')} fz={20}>
          ⚙
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('common.language')}</Menu.Label>
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <Menu.Item
            key={code}
            mih={44}
            lang={code}
            aria-current={i18n.language === code}
            rightSection={i18n.language === code ? '✓' : null}
            onClick={() => void changeLanguage(code as Language)}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Label>{t('common.appearance')}</Menu.Label>
        {SCHEMES.map((scheme) => (
          <Menu.Item
            key={scheme}
            mih={44}
            aria-current={colorScheme === scheme}
            rightSection={colorScheme === scheme ? '✓' : null}
            onClick={() => {
              setColorScheme(scheme);
            }}
          >
            {t(`common.${scheme}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
