import common from './common.json';
import deposits from './deposits.json';
import desk from './desk.json';
import errors from './errors.json';
import office from './office.json';
import selling from './selling.json';
import till from './till.json';
import vault from './vault.json';

export default { common, deposits, desk, errors, office, selling, till, vault };
