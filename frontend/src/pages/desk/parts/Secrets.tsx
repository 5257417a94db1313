import { Alert, Button, Code, CopyButton, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface Props {
  title: string;
  secrets: readonly { label: string; value: string | null }[];
  onClose: () => void;
}

/** What the system gave, shown this once: nobody can look it up again. */
export function Secrets({ title, secrets, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Alert color="brass">{t('office.secret.once')}</Alert>
        {secrets.map(({ label, value }) =>
          value === null ? null : <Secret key={label} label={label} value={value} />,
        )}
        <Button onClick={onClose}>{t('office.secret.noted')}</Button>
      </Stack>
    </Modal>
  );
}

function Secret({ label, value }: { label: string; value: string }) {
  const { t } = useTranslation();
  return (
    <div>
      <Text fw={600}>{label}</Text>
      <Group justify="space-between" wrap="nowrap">
        <Code fz="xl" style={{ wordBreak: 'break-all' }} data-testid={`secret-${label}`}>
          {value}
        </Code>
        <CopyButton value={value}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {copied ? t('office.secret.copied') : t('office.secret.copy')}
            </Button>
          )}
        </CopyButton>
      </Group>
    </div>
  );
}
